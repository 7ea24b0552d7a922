#include "sql_router/hints.hpp"

#include <catch2/catch.hpp>

using namespace howdah;

TEST_CASE("hints are read from the comments before the first word") {
  struct Row {
    const char* text;
    std::optional<ReadConsistency> consistency;
    const char* unreadable;
  };
  using enum ReadConsistency;
  const Row rows[] = {
      {"/*howdah: read_consistency=eventual*/ SELECT 1", eventual, ""},
      {"  /* HOWDAH:Read_Consistency=GLOBAL */SELECT 1", global, ""},
      {"-- a\n/* b */ /*howdah: read_consistency=session */ SELECT 1", session, ""},
      {"/*howdah: read_consistency=eventual, read_consistency=global*/ SELECT 1", global, ""},
      {"/*howdah:*/ SELECT 1", std::nullopt, ""},
      {"/*howdah read_consistency=eventual*/ SELECT 1", std::nullopt, ""},
      {"/*howdah: read_consistency = eventual*/ SELECT 1", std::nullopt, "read_consistency"},
      {"/*howdah: read_consistency=soon*/ SELECT 1", std::nullopt, "read_consistency=soon"},
      {"/*howdah: speed=1 read_consistency=global*/ SELECT 1", global, "speed=1"},
      {"SELECT /*howdah: read_consistency=eventual*/ 1", std::nullopt, ""},
      {"SELECT '/*howdah: read_consistency=eventual*/'", std::nullopt, ""},
      {"-- /*howdah: read_consistency=eventual*/\nSELECT 1", std::nullopt, ""},
      {"/* /*howdah: read_consistency=eventual*/ */ SELECT 1", std::nullopt, ""},
      {"/*howdah: read_consistency=eventual", std::nullopt, ""},
      {"/*", std::nullopt, ""},
      {"", std::nullopt, ""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const Hints hints = read_hints(row.text);
    CHECK(hints.read_consistency == row.consistency);
    CHECK(hints.unreadable == row.unreadable);
  }
}
