#include "gateway/session/startup_settings.hpp"

#include <catch2/catch.hpp>

using namespace howdah;

namespace {

using Parameters = std::vector<std::pair<std::string, std::string>>;

CarriedSettingsPtr settings_of(const Parameters& parameters) {
  const auto settings = startup_settings_of(parameters);
  REQUIRE(settings.has_value());
  return settings->carried;
}

}  // namespace

TEST_CASE("options are taken apart as PostgreSQL does, and a parameter of its own wins") {
  const auto settings = settings_of({{"user", "u"},
                                     {"database", "d"},
                                     {"options", "-c a=1 -cb=2 --c-d=3\\ 4 -c TimeZone=UTC"},
                                     {"TimeZone", "Mars"},
                                     {"_pq_.x", "1"}});
  REQUIRE(settings != nullptr);
  const std::vector<CarriedSetting> wanted{{"a", "1"}, {"b", "2"}, {"c_d", "3 4"}, {"timezone", "Mars"}};
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

TEST_CASE("a client's address follows its application's name") {
  std::vector<std::pair<std::string, std::string>> named{{"user", "ann"}, {"Application_Name", "till"}};
  add_host_to_name(named, "10.0.0.1:5000");
  CHECK(named.back().second == "till - 10.0.0.1:5000");
  std::vector<std::pair<std::string, std::string>> nameless{{"user", "ann"}};
  add_host_to_name(nameless, "unix");
  CHECK(nameless.back() == std::pair<std::string, std::string>("application_name", "app - unix"));
}
