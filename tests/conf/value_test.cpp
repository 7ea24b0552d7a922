#include "conf/value.hpp"

#include "conf/settings.hpp"
#include "conf/walk.hpp"

#include <catch2/catch.hpp>

namespace howdah {

namespace {

struct Row {
  const char* name;
  const char* text;
  const char* outcome;  // as PGPOOL SHOW prints it; with "error" in front: part of the message
  const char* remark = "";
};

constexpr Row kRows[] = {
    {"ssl", "on", "on"},
    {"ssl", "TRUE", "on"},
    {"ssl", "t", "on"},
    {"ssl", "y", "on"},
    {"ssl", "1", "on"},
    {"ssl", "of", "off"},
    {"ssl", "No", "off"},
    {"ssl", "0", "off"},
    {"ssl", "", "on", "an empty value means on"},
    {"ssl", "o", "error invalid value for parameter \"ssl\": \"o\""},
    {"ssl", "maybe", "error invalid value for parameter \"ssl\": \"maybe\""},
    {"ssl", "2", "error invalid value"},
    {"port", "5432", "5432"},
    {"port", "0x1538", "5432"},
    {"port", "05432", "5432"},
    {"port", "5432.9", "5432", "the fraction of 5432.9 is cut off"},
    {"port", "80", "error 80 is outside the valid range for parameter \"port\" (1024 .. 65535)"},
    {"port", "-1", "error -1 is outside the valid range"},
    {"port", "99999999999999999999", "error invalid value"},
    {"port", "abc", "error invalid value for parameter \"port\": \"abc\""},
    {"port", "5432s", "error invalid value"},
    {"port", "", "error invalid value"},
    {"port", "0x", "error invalid value"},
    {"port", "-", "error invalid value"},
    {"client_idle_limit_in_recovery", "-1", "-1"},
    {"client_idle_limit_in_recovery", "-2", "error -2 is outside"},
    {"unix_socket_permissions", "0770", "0770"},
    {"unix_socket_permissions", "0888", "error invalid value"},
    {"unix_socket_permissions", "01000", "error 01000 is outside the valid range"},
    {"log_file_mode", "0600", "384"},
    {"sr_check_period", "90", "90s"},
    {"sr_check_period", "120", "2min"},
    {"sr_check_period", "1500ms", "2s", "1500ms is rounded"},
    {"sr_check_period", "0.5min", "30s"},
    {"sr_check_period", "1.5", "1s", "the fraction of 1.5 is cut off"},
    {"sr_check_period", "1d", "1d"},
    {"sr_check_period", "10 s", "10s"},
    {"sr_check_period", "1S", "error invalid value"},
    {"sr_check_period", "1 fortnight", "error invalid value"},
    {"sr_check_period", "-1", "error -1 is outside"},
    {"sr_check_period", "-100ms", "error -100ms is outside"},
    {"sr_check_period", "9223372036854775807d", "error 9223372036854775807d is outside"},
    {"delay_threshold_by_time", "10", "10ms"},
    {"delay_threshold_by_time", "10s", "10s"},
    {"query_wait_timeout", "0.5", "500ms"},
    {"query_wait_timeout", "120", "2min"},
    {"log_rotation_age", "1d", "1d"},
    {"log_rotation_size", "10240", "10MB"},
    {"log_rotation_size", "1GB", "1GB"},
    {"log_rotation_size", "10GB", "error 10GB is outside"},
    {"delay_threshold", "1000", "1000B"},
    {"delay_threshold", "10MB", "10MB"},
    {"delay_threshold", "10mb", "error invalid value"},
    {"delay_threshold", "9223372036854775807", "9223372036854775807B"},
    {"delay_threshold", "9007199254740993TB", "error 9007199254740993TB is outside"},
    {"backend_clustering_mode", "RAW", "raw"},
    {"backend_clustering_mode", "slony", "error invalid value for parameter \"backend_clustering_mode\": \"slony\""},
    {"log_min_messages", "debug", "debug2"},
    {"pool_mode", "Statement", "statement"},
    {"listen_addresses", " a , \"b\",,c ", "a,b,c"},
    {"listen_addresses", "", ""},
    {"reset_query_list", "ABORT; DISCARD ALL ;", "ABORT;DISCARD ALL"},
    {"primary_routing_query_pattern_list", "a\\;b;c,d", "a;b;c,d"},
    {"backend_weight0", "0.5", "0.5"},
    {"backend_weight0", "-1", "error -1 is outside"},
    {"backend_weight0", "nan", "error"},
    {"backend_weight0", "inf", "error"},
    {"backend_flag0", "DISALLOW_TO_FAILOVER|ALWAYS_PRIMARY", "DISALLOW_TO_FAILOVER|ALWAYS_PRIMARY"},
    {"backend_flag0", "ALWAYS_MASTER", "ALLOW_TO_FAILOVER|ALWAYS_PRIMARY", "ALWAYS_MASTER is the old name of ALWAYS_PRIMARY"},
    {"backend_flag0", "", "ALLOW_TO_FAILOVER"},
    {"backend_flag0", "FOO", "error invalid value for parameter \"backend_flag0\": \"FOO\""},
    {"backend_flag0", "ALLOW_TO_FAILOVER|DISALLOW_TO_FAILOVER", "error"},
};

}  // namespace

TEST_CASE("values are read as Pgpool reads them, or refused with the reason") {
  for (const Row& row : kRows) {
    INFO(row.name << " = " << row.text);
    Settings settings;
    add_node(settings, NodeId{0});
    ParamBase* param = find_param(settings, row.name);
    REQUIRE(param);
    const auto remark = param->assign(row.text);
    const std::string_view outcome = row.outcome;
    if (outcome.starts_with("error")) {
      REQUIRE_FALSE(remark.has_value());
      CHECK(remark.error().message.find(outcome.substr(outcome.find(' ') == outcome.npos ? 5 : 6)) !=
            std::string::npos);
      CHECK_FALSE(param->is_set());
    } else {
      REQUIRE(remark.has_value());
      CHECK(param->text(TextStyle::show) == outcome);
      CHECK(*remark == row.remark);
      CHECK(param->is_set());
    }
  }
}

TEST_CASE("a bad unit is answered with the valid ones, a bad word with the words") {
  Settings settings;
  CHECK(settings.replication.sr_check_period.assign("5 sec").error().hint ==
        "Valid units are us, ms, s, min, h, d, in this spelling.");
  CHECK(settings.pool.pool_mode.assign("x").error().hint == "Available values: session, transaction, statement");
}

TEST_CASE("a NUL byte is no part of a text") {
  Settings settings;
  const std::string_view text("a\0b", 3);
  CHECK_FALSE(settings.files.pid_file_name.assign(text).has_value());
  CHECK_FALSE(settings.listen.listen_addresses.assign(text).has_value());
}

}  // namespace howdah
