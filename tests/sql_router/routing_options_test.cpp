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

TEST_CASE("the options are those of the settings") {
  Settings settings;
  settings.routing.write_function_list.set({"f.*"});
  settings.routing.database_redirect_preference_list.set({"shop:standby(0.5)"});
  settings.routing.disable_load_balance_on_write.set(WriteEffect::always);
  settings.replication.delay_threshold.set(ByteSize{77});
  settings.replication.delay_threshold_by_time.set(5ms);
  settings.howdah.read_consistency.set(ReadConsistency::eventual);
  settings.howdah.max_parse_size.set(1_kB);
  const RoutingOptions options = routing_options_of(settings).value();
  CHECK(options.write_function_list.at(0).matches("foo"));
  CHECK(options.database_redirect_preference_list.at(0).weight == 0.5);
  CHECK(options.disable_load_balance_on_write == WriteEffect::always);
  CHECK(options.delay_threshold == 77);
  CHECK(options.delay_threshold_by_time == 5ms);
  CHECK(options.read_consistency == ReadConsistency::eventual);
  CHECK(options.max_parse_size == 1024);
  CHECK(options.load_balance_mode);
}

TEST_CASE("settings with a bad expression or preference make no options") {
  Settings settings;
  settings.routing.read_only_function_list.set({"a("});
  CHECK(routing_options_of(settings).has_error());
  Settings other;
  other.routing.user_redirect_preference_list.set({"alice:nobody"});
  CHECK(routing_options_of(other).has_error());
}
