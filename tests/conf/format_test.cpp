#include "conf/format.hpp"

#include "conf/walk.hpp"
#include "tests/conf/load_support.hpp"

#include <catch2/catch.hpp>

namespace howdah {

TEST_CASE("values are shown as Pgpool shows them") {
  struct Row {
    const char* line;
    const char* name;
    const char* status;
    const char* show;
  };
  constexpr Row kRows[] = {
      {"load_balance_mode = on", "load_balance_mode", "1", "on"},
      {"disable_load_balance_on_write = always", "disable_load_balance_on_write", "4", "always"},
      {"backend_clustering_mode = raw", "backend_clustering_mode", "4", "raw"},
      {"log_min_messages = warning", "log_min_messages", "19", "warning"},
      {"check_temp_table = off", "check_temp_table", "5", "off"},
      {"search_primary_node_timeout = 300", "search_primary_node_timeout", "300", "5min"},
      {"sr_check_period = 90", "sr_check_period", "90", "90s"},
      {"sr_check_period = 0", "sr_check_period", "0", "0"},
      {"health_check_timeout = 20", "health_check_timeout", "20", "20"},
      {"health_check_timeout0 = 20", "health_check_timeout0", "20", "20s"},
      {"connect_timeout = 10000", "connect_timeout", "10000", "10000"},
      {"query_wait_timeout = 0.5", "query_wait_timeout", "0.5", "500ms"},
      {"memqcache_total_size = 67108864", "memqcache_total_size", "67108864", "64MB"},
      {"log_rotation_size = 10240", "log_rotation_size", "10240", "10MB"},
      {"log_rotation_age = 1440", "log_rotation_age", "1440", "1d"},
      {"log_file_mode = 0600", "log_file_mode", "384", "384"},
      {"unix_socket_permissions = 0777", "unix_socket_permissions", "0777", "0777"},
      {"reset_query_list = 'ABORT; DISCARD ALL'", "reset_query_list", "ABORT;DISCARD ALL", "ABORT;DISCARD ALL"},
      {"write_function_list = 'a, b'", "write_function_list", "a,b", "a,b"},
      {"", "database_redirect_preference_list", "(null)", ""},
      {"database_redirect_preference_list = 'a:primary'", "database_redirect_preference_list", "a:primary",
       "a:primary"},
      {"backend_weight1 = 3", "backend_weight1", "3.000000", "3"},
      {"backend_flag1 = 'DISALLOW_TO_FAILOVER'", "backend_flag1", "DISALLOW_TO_FAILOVER", "DISALLOW_TO_FAILOVER"},
      {"", "backend_flag0", "ALLOW_TO_FAILOVER", "ALLOW_TO_FAILOVER"},
      {"sr_check_password = 'x'", "sr_check_password", "*****", "*****"},
      {"", "pool_passwd", "pool_passwd", "*****"},
      {"wd_authkey = 'x'", "wd_authkey", "*****", "*****"},
      {"", "failover_mode", "4", "none"},
      {"", "parse_cache_size", "8388608", "8MB"},
  };
  for (const Row& row : kRows) {
    INFO(row.name << " after " << row.line);
    const Loaded loaded = load_after_nodes(std::string(row.line) + "\n");
    const ParamBase* param = find_param(loaded.settings, row.name);
    REQUIRE(param);
    CHECK(status_value(*param) == row.status);
    CHECK(show_value(*param) == row.show);
  }
}

TEST_CASE("a written value is read back the same") {
  const Loaded loaded = load_after_nodes(
      "failover_command = 'say ''hi'' %d'\nprimary_routing_query_pattern_list = 'a\\;b;c'\nquery_timeout = 1500ms\n");
  std::string text = kTwoNodes;
  for (const char* name : {"failover_command", "primary_routing_query_pattern_list", "query_timeout"})
    text += fmt::format("{} = {}\n", name, file_value(*find_param(loaded.settings, name)));
  const Loaded again = load_text(text);
  CHECK(again.settings.failover.failover_command() == "say 'hi' %d");
  CHECK(again.settings.routing.primary_routing_query_pattern_list() == StringList{"a;b", "c"});
  CHECK(again.settings.pool.query_timeout() == 1500ms);
}

}  // namespace howdah
