#include "base/lsn.hpp"

#include <catch2/catch.hpp>

using namespace howdah;

TEST_CASE("an LSN reads and writes as PostgreSQL's pg_lsn") {
  CHECK(parse_lsn("16/B374D848") == Lsn{0x16B374D848});
  CHECK(to_text(Lsn{0x16B374D848}) == "16/B374D848");
  CHECK(to_text(Lsn{}) == "0/0");
}

TEST_CASE("what is not an LSN is refused") {
  for (const char* text : {"", "/", "1/", "/1", "1", "1/2/3", "g/0", "123456789/0", " 1/0", "1/-1"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_lsn(text).has_value());
  }
}

TEST_CASE("lag is never negative") {
  CHECK(lag_bytes(Lsn{10}, Lsn{4}) == 6);
  CHECK(lag_bytes(Lsn{4}, Lsn{10}) == 0);
}
