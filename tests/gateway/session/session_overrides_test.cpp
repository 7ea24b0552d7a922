#include "gateway/session/session_overrides.hpp"

#include <catch2/catch.hpp>

#include "conf/format.hpp"
#include "conf/walk.hpp"

using namespace howdah;

namespace {

SettingsPtr configured(std::string_view name = {}, std::string_view value = {}) {
  auto settings = std::make_shared<Settings>();
  if (!name.empty()) REQUIRE(find_param(*settings, name)->assign(value).has_value());
  return settings;
}

std::string_view sqlstate_of(const Result<void>& result) { return result ? "" : result.error().row().sqlstate; }

}  // namespace

TEST_CASE("what a client sets for itself lies on the configuration, also after a reload") {
  SessionOverrides overrides(configured("delay_threshold", "1000"));
  REQUIRE(overrides.set("load_balance_mode", "off").has_value());
  REQUIRE(overrides.set("client_idle_limit", "5min").has_value());
  CHECK_FALSE(overrides.routing().load_balance_mode);
  CHECK(overrides.routing().delay_threshold == 1000);
  CHECK(overrides.client_idle_limit() == 300s);
  CHECK(show_value(*find_param(*overrides.settings(), "client_idle_limit")) == "5min");

  overrides.adopt(configured("delay_threshold", "2000"));
  CHECK_FALSE(overrides.routing().load_balance_mode);
  CHECK(overrides.routing().delay_threshold == 2000);

  REQUIRE(overrides.reset("load_balance_mode").has_value());
  CHECK(overrides.routing().load_balance_mode);
  CHECK_FALSE(overrides.is_empty());
  REQUIRE(overrides.reset("all").has_value());
  CHECK(overrides.is_empty());
  CHECK_FALSE(overrides.client_idle_limit().has_value());
}

TEST_CASE("each parameter that Pgpool lets a session set may be set, or says that it is not supported") {
  for (const char* name :
       {"allow_sql_comments", "check_unlogged_table", "client_idle_limit", "client_idle_limit_in_recovery",
        "client_min_messages", "log_backend_messages", "log_client_messages", "log_error_verbosity",
        "log_per_node_statement", "log_statement", "notice_per_node_statement"}) {
    CAPTURE(name);
    const SettingsPtr base = configured();
    SessionOverrides overrides(base);
    const ParamBase& param = *find_param(*base, name);
    const std::string value = param.text(TextStyle::show);
    const auto set = overrides.set(name, value);
    CHECK(sqlstate_of(set) == (param.support() == Support::unsupported ? "0A000" : ""));
  }
}

TEST_CASE("what a session may not set is refused with PostgreSQL's SQLSTATE and leaves everything as it was") {
  auto raw = std::make_shared<Settings>();
  raw->routing.load_balance_mode.set(false, Origin::derived);
  struct Row {
    SettingsPtr base;
    const char* name;
    const char* value;
    const char* sqlstate;
    const char* message;
  };
  const Row rows[] = {
      {configured(), "nope", "1", "42704", "unrecognized configuration parameter \"nope\""},
      {configured(), "port", "1", "55P02", "invalid Context, value for parameter \"port\" cannot be changed"},
      {configured(), "client_idle_limit", "abc", "22023", "invalid value for parameter \"client_idle_limit\": \"abc\""},
      {configured(), "client_idle_limit", "-5", "22023",
       "-5 is outside the valid range for parameter \"client_idle_limit\" (0 .. 2147483647 s)"},
      {configured(), "log_statement", "perhaps", "22023", "invalid value for parameter \"log_statement\": \"perhaps\""},
      {raw, "load_balance_mode", "on", "55P02",
       "invalid Context, value for parameter \"load_balance_mode\" cannot be changed"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name, row.value);
    SessionOverrides overrides(row.base);
    const auto set = overrides.set(row.name, row.value);
    CHECK(sqlstate_of(set) == row.sqlstate);
    REQUIRE(set.has_error());
    CHECK(set.error().message.starts_with(row.message));
    CHECK(overrides.is_empty());
  }
  SessionOverrides overrides(configured());
  CHECK(sqlstate_of(overrides.reset("nope")) == "42704");
  CHECK(sqlstate_of(overrides.reset("port")) == "55P02");
}
