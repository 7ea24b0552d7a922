#include "gateway/session/startup_settings.hpp"

#include <catch2/catch.hpp>

using namespace howdah;

namespace {

using Parameters = std::vector<std::pair<std::string, std::string>>;

StartupSettingsPtr settings_of(const Parameters& parameters) {
  const auto settings = startup_settings_of(parameters);
  REQUIRE(settings.has_value());
  return *settings;
}

}  // namespace

TEST_CASE("options are taken apart as PostgreSQL does, and a parameter of its own wins") {
  const auto settings = settings_of({{"user", "u"},
                                     {"database", "d"},
                                     {"options", "-c a=1 -cb=2 --c-d=3\\ 4 -c TimeZone=UTC"},
                                     {"TimeZone", "Mars"},
                                     {"_pq_.x", "1"}});
  REQUIRE(settings != nullptr);
  const Parameters wanted{{"a", "1"}, {"b", "2"}, {"c_d", "3 4"}, {"timezone", "Mars"}};
  CHECK(settings->values == wanted);
}

TEST_CASE("options that are none are refused") {
  for (const char* options : {"-x", "-c", "-c a", "--", "plain", "-c =1"}) {
    INFO(options);
    const auto settings = startup_settings_of({{"options", options}});
    REQUIRE(settings.has_error());
    CHECK(settings.error().code == ErrorCode::startup_option);
  }
}

TEST_CASE("only what differs is changed, and values cannot leave their quotes") {
  const auto old_ones = settings_of({{"a", "1"}, {"b", "2"}, {"x.y", "3"}});
  const auto new_ones = settings_of({{"a", "1"}, {"b", "it's \\ here"}});
  CHECK(settings_change(old_ones.get(), old_ones.get()).empty());
  CHECK(settings_change(old_ones.get(), new_ones.get()) ==
        "RESET \"x\".\"y\";SELECT pg_catalog.set_config(E'b', E'it''s \\\\ here', false);");
  CHECK(settings_change(nullptr, nullptr).empty());
  CHECK(same_settings(old_ones.get(), settings_of({{"x.y", "3"}, {"b", "2"}, {"a", "1"}}).get()));
  CHECK_FALSE(same_settings(old_ones.get(), nullptr));
}
