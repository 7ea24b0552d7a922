#include "conf/conninfo.hpp"

#include <catch2/catch.hpp>

using namespace howdah;

TEST_CASE("host and port are exchanged and everything else is kept") {
  CHECK(with_source("host=a port=1 user=r password='x y' application_name=n1", "b", 2) ==
        "host='b' port=2 user='r' password='x y' application_name='n1'");
  CHECK(with_source(R"(user = 'it\'s' host=a hostaddr=1.2.3.4)", "b", 2) == R"(host='b' port=2 user='it\'s')");
  CHECK(with_source("", "b", 2) == "host='b' port=2");
}

TEST_CASE("where a connection string points") {
  CHECK(source_of("host=a port=7")->host == "a");
  CHECK(source_of("host=a port=7")->port == 7);
  CHECK(source_of("host=a host=b")->host == "b");
  CHECK(source_of("hostaddr=1.2.3.4")->host == "1.2.3.4");
  CHECK(source_of("user=x")->port == 5432);
}

TEST_CASE("what is no keyword=value string is left alone") {
  for (const char* text : {"postgresql://a/b", "host", "host=a user='open", "=a"}) {
    CAPTURE(text);
    CHECK_FALSE(with_source(text, "b", 2).has_value());
  }
}

TEST_CASE("a frozen standby is recognised") {
  const auto frozen = with_source("host=a user=r", kFrozenHost, 5432);
  CHECK(source_of(*frozen)->host == kFrozenHost);
}

TEST_CASE("a password is taken out of a connection string") {
  const auto split = split_password("host=a password='x y' user=r");
  CHECK(split->conninfo == "host='a' user='r'");
  CHECK(split->password == "x y");
  CHECK(split_password("user=r")->password.empty());
  CHECK_FALSE(split_password("postgresql://a").has_value());
}
