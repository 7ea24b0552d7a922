#include "conf/address.hpp"

#include <catch2/catch.hpp>

namespace howdah {

TEST_CASE("addresses in all their spellings") {
  CHECK(parse_ip("::1")->bytes[15] == 1);
  CHECK(parse_ip("1::")->bytes[1] == 1);
  CHECK(parse_ip("::") == IpAddress{true});
  CHECK(parse_ip("1:2:3:4:5:6:7:8")->bytes[15] == 8);
  CHECK(parse_ip("FE80::AbCd")->bytes[14] == 0xab);
  CHECK(parse_ip("::ffff:1.2.3.4") == parse_ip("1.2.3.4"));
  CHECK(parse_ip("64:ff9b::1.2.3.4")->bytes[12] == 1);
  CHECK(parse_ip("fe80::1%eth0") == parse_ip("fe80::1"));
  CHECK(parse_ip("0.0.0.0")->is_v6 == false);
}

TEST_CASE("what is no address") {
  for (const char* text : {"",
                           ".",
                           "1",
                           "1.2.3",
                           "1.2.3.4.5",
                           "256.1.1.1",
                           "1.2.3.-4",
                           "1.2.3.",
                           "a.b.c.d",
                           ":",
                           ":::",
                           "1::2::3",
                           "1:2:3:4:5:6:7",
                           "1:2:3:4:5:6:7:8:9",
                           "12345::",
                           "g::",
                           "1:2:3:4:5:6:7:8::",
                           "::1.2.3",
                           "1.2.3.4::",
                           "::ffff:1.2.3.4:5",
                           "1234567890123456789012345678901234567890123456"}) {
    INFO(text);
    CHECK_FALSE(parse_ip(text).has_value());
  }
}

TEST_CASE("a range contains what shares its masked bits") {
  const auto range = make_range(*parse_ip("10.1.2.3"), 20);
  CHECK(range->contains(*parse_ip("10.1.15.255")));
  CHECK_FALSE(range->contains(*parse_ip("10.1.16.0")));
  CHECK_FALSE(range->contains(*parse_ip("::1")));
  CHECK(make_range(*parse_ip("10.1.2.3"), 0)->contains(*parse_ip("200.0.0.1")));
  CHECK_FALSE(make_range(*parse_ip("10.1.2.3"), 33).has_value());
  CHECK_FALSE(make_range(*parse_ip("10.1.2.3"), *parse_ip("::1")).has_value());
}

}  // namespace howdah
