#include "sql_router/routing_options.hpp"

#include <catch2/catch.hpp>

using namespace howdah;

TEST_CASE("a pattern matches the whole text in either case") {
  const Pattern pattern = Pattern::compile("nextval|set.*").value();
  for (const char* text : {"nextval", "NEXTVAL", "setval", "set"}) {
    CAPTURE(text);
    CHECK(pattern.matches(text));
  }
  for (const char* text : {"nextvals", "my_nextval", "reset", ""}) {
    CAPTURE(text);
    CHECK_FALSE(pattern.matches(text));
  }
  CHECK(pattern.text() == "nextval|set.*");
}

TEST_CASE("a text is matched to its end, however long") {
  const Pattern pattern = Pattern::compile(".*needle.*").value();
  const std::string hay(1 << 18, 'x');
  CHECK_FALSE(pattern.matches(hay));
  CHECK(pattern.matches(hay + "needle" + hay));
  CHECK_FALSE(Pattern::compile("a").value().matches(std::string_view("ab").substr(1)));
}

TEST_CASE("what is no regular expression is refused with its reason") {
  const auto result = Pattern::compile("a(b");
  REQUIRE(result.has_error());
  CHECK(result.error().code == ErrorCode::configuration);
  CHECK_FALSE(result.error().detail.empty());
}
