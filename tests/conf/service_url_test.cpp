#include "conf/service_url.hpp"

#include <catch2/catch.hpp>

using namespace howdah;

TEST_CASE("addresses of services are read") {
  struct Row {
    const char* text;
    ServiceUrl url;
  };
  const Row rows[] = {{"http://db1:8008", {false, "db1", 8008}},
                      {"https://db1", {true, "db1", 2379}},
                      {"10.0.0.1:1", {false, "10.0.0.1", 1}},
                      {"http://db1:8008/", {false, "db1", 8008}},
                      {"http://[::1]:8008", {false, "::1", 8008}},
                      {"[fe80::1]", {false, "fe80::1", 2379}}};
  for (const Row& row : rows) {
    INFO(row.text);
    const auto url = parse_service_url(row.text, 2379);
    REQUIRE(url.has_value());
    CHECK(*url == row.url);
    CHECK(parse_service_url(to_text(*url), 1).value() == row.url);
  }
}

TEST_CASE("what is no address of a service is refused") {
  for (const char* text : {"", "http://", "http://:80", "ftp://db1", "db1:", "db1:x", "db1:70000", "db1:0", "http://db1/path",
                           "http://user@db1", "[::1", "[::1]x:80", "::1"}) {
    INFO(text);
    CHECK_FALSE(parse_service_url(text, 2379).has_value());
  }
}
