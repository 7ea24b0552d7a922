#include "pcp/settings_rows.hpp"

#include "conf/format.hpp"
#include "conf/walk.hpp"
#include "pcp/node_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

namespace howdah::pcp {

namespace {

// Scripts read by name, some by position: the order is Pgpool 4.7's.
constexpr auto kStatusItems = std::to_array<std::string_view>({
    "backend_clustering_mode",
    "listen_addresses",
    "port",
    "unix_socket_directories",
    "unix_socket_group",
    "unix_socket_permissions",
    "pcp_listen_addresses",
    "pcp_port",
    "pcp_socket_dir",
    "enable_pool_hba",
    "pool_passwd",
    "authentication_timeout",
    "allow_clear_text_frontend_auth",
    "ssl",
    "ssl_key",
    "ssl_cert",
    "ssl_ca_cert",
    "ssl_ca_cert_dir",
    "ssl_crl_file",
    "ssl_ciphers",
    "ssl_prefer_server_ciphers",
    "ssl_ecdh_curve",
    "ssl_dh_params_file",
    "ssl_passphrase_command",
    "listen_backlog_multiplier",
    "serialize_accept",
    "reserved_connections",
    "max_pool",
    "process_management_mode",
    "process_management_strategy",
    "num_init_children",
    "min_spare_children",
    "max_spare_children",
    "child_life_time",
    "child_max_connections",
    "connection_life_time",
    "client_idle_limit",
    "log_destination",
    "log_line_prefix",
    "log_error_verbosity",
    "client_min_messages",
    "log_min_messages",
    "log_connections",
    "log_disconnections",
    "log_pcp_processes",
    "log_hostname",
    "log_statement",
    "log_per_node_statement",
    "notice_per_node_statement",
    "log_client_messages",
    "log_backend_messages",
    "log_standby_delay",
    "syslog_facility",
    "syslog_ident",
    "pid_file_name",
    "work_dir",
    "connection_cache",
    "reset_query_list",
    "replicate_select",
    "insert_lock",
    "lobj_lock_table",
    "replication_stop_on_mismatch",
    "failover_if_affected_tuples_mismatch",
    "load_balance_mode",
    "ignore_leading_white_space",
    "read_only_function_list",
    "write_function_list",
    "primary_routing_query_pattern_list",
    "disable_load_balance_on_write",
    "dml_adaptive_object_relationship_list",
    "statement_level_load_balance",
    "sr_check_period",
    "sr_check_user",
    "sr_check_database",
    "delay_threshold",
    "delay_threshold_by_time",
    "prefer_lower_delay_standby",
    "follow_primary_command",
    "user_redirect_preference_list",
    "database_redirect_preference_list",
    "app_name_redirect_preference_list",
    "allow_sql_comments",
    "health_check_period",
    "health_check_timeout",
    "health_check_user",
    "health_check_database",
    "health_check_max_retries",
    "health_check_retry_delay",
    "connect_timeout",
    "failover_command",
    "failback_command",
    "failover_on_backend_error",
    "failover_on_backend_shutdown",
    "detach_false_primary",
    "auto_failback",
    "auto_failback_interval",
    "recovery_user",
    "recovery_database",
    "recovery_1st_stage_command",
    "recovery_2nd_stage_command",
    "recovery_timeout",
    "search_primary_node_timeout",
    "client_idle_limit_in_recovery",
    "relcache_expire",
    "relcache_size",
    "check_temp_table",
    "check_unlogged_table",
    "enable_shared_relcache",
    "relcache_query_target",
    "use_watchdog",
    "wd_ipc_socket_dir",
    "wd_lifecheck_method",
    "clear_memqcache_on_escalation",
    "wd_escalation_command",
    "wd_de_escalation_command",
    "trusted_servers",
    "trusted_server_command",
    "delegate_ip",
    "wd_priority",
    "wd_interval",
    "ping_path",
    "if_cmd_path",
    "if_up_cmd",
    "if_down_cmd",
    "arping_path",
    "arping_cmd",
    "wd_heartbeat_keepalive",
    "wd_heartbeat_deadtime",
    "wd_life_point",
    "wd_lifecheck_query",
    "wd_lifecheck_dbname",
    "wd_lifecheck_user",
    "wd_monitoring_interfaces_list",
    "memory_cache_enabled",
    "memqcache_method",
    "memqcache_memcached_host",
    "memqcache_memcached_port",
    "memqcache_total_size",
    "memqcache_max_num_cache",
    "memqcache_expire",
    "memqcache_auto_cache_invalidation",
    "memqcache_maxcache",
    "memqcache_cache_block_size",
    "memqcache_cache_oiddir",
    "memqcache_stats_start_time",
    "memqcache_no_cache_hits",
    "memqcache_cache_hits",
    "cache_safe_memqcache_table_list",
    "cache_unsafe_memqcache_table_list",
});
static_assert(kStatusItems.size() == 149);

// Watchdog members and heartbeat lines, when there are any, stand in front of this item.
constexpr std::string_view kItemAfterMembers = "wd_monitoring_interfaces_list";

// Rows that are not, or not by that name, parameters. There is no query cache, so its counters are zero.
struct OtherItem {
  std::string_view item;
  std::string_view parameter;  // whose value it shows; empty: `value`
  std::string_view value;
  std::string_view description;
};
constexpr std::array kOtherItems{
    OtherItem{"memqcache_cache_oiddir", "memqcache_oiddir", "", ""},
    OtherItem{"memqcache_stats_start_time", "", "", "Start time of query cache stats"},
    OtherItem{"memqcache_no_cache_hits", "", "0", "Number of SELECTs not hitting query cache"},
    OtherItem{"memqcache_cache_hits", "", "0", "Number of SELECTs hitting query cache"},
};

SettingRow status_row(const ParamBase& param) { return {param.name(), status_value(param), std::string(param.help())}; }

SettingRow status_row(const Settings& settings, std::string_view item) {
  const auto other =
      std::find_if(kOtherItems.begin(), kOtherItems.end(), [item](const OtherItem& row) { return row.item == item; });
  const bool is_other = other != kOtherItems.end();
  if (is_other && other->parameter.empty())
    return {std::string(item), std::string(other->value), std::string(other->description)};
  const ParamBase* param = find_param(settings, is_other ? other->parameter : item);
  if (param == nullptr) return {std::string(item), "", "not known to this version"};
  SettingRow row = status_row(*param);
  row.item = item;
  return row;
}

// The numbered rows of watchdog members and heartbeats, in the order of `families` for each number.
void append_numbered(const Settings& settings, const std::vector<std::string_view>& families,
                     std::vector<SettingRow>& out) {
  std::vector<int> numbers;
  for_each_param(settings, [&](const ParamBase& param) {
    if (param.family() == families.front() && param.number() >= 0) numbers.push_back(param.number());
  });
  for (const int number : numbers)
    for (const std::string_view family : families)
      out.push_back(status_row(settings, fmt::format("{}{}", family, number)));
}

void append_node(const Facts& facts, const NodeRow& node, std::vector<SettingRow>& out) {
  const NodeSettings* own = facts.settings->find_node(node.node.id);
  if (own == nullptr) return;
  const auto number = [&](std::string_view name) { return fmt::format("{}{}", name, node.node.id.value); };
  out.push_back(status_row(own->backend_hostname));
  out.push_back(status_row(own->backend_port));
  out.push_back({number("backend_weight"), fmt::format("{:.6f}", node.share), std::string(own->backend_weight.help())});
  out.push_back(status_row(own->backend_data_directory));
  out.push_back({number("backend_status"), status_name(node.node), "Status of the node."});
  out.push_back({number("standby_delay"), fmt::to_string(node.node.lag_bytes.value_or(0)), "Its replication delay."});
  out.push_back(status_row(own->backend_flag));
  out.push_back(status_row(own->backend_application_name));
}

// ---- PGPOOL SHOW

// Groups in the order of PGPOOL SHOW ALL, which begins with them. `plain` stands in front of the numbered ones.
struct ShowGroup {
  std::string_view name;
  bool has_plain;
  std::vector<std::string_view> families;
};

const std::vector<ShowGroup>& show_groups() {
  static const std::vector<ShowGroup> kGroups{
      {"backend",
       false,
       {"backend_hostname", "backend_port", "backend_weight", "backend_data_directory", "backend_application_name",
        "backend_flag"}},
      {"health_check",
       true,
       {"health_check_period", "health_check_timeout", "health_check_user", "health_check_password",
        "health_check_database", "health_check_max_retries", "health_check_retry_delay", "connect_timeout"}},
      {"watchdog", false, {"hostname", "pgpool_port", "wd_port"}},
      {"heartbeat", false, {"heartbeat_hostname", "heartbeat_port", "heartbeat_device"}},
  };
  return kGroups;
}

std::vector<std::string> show_row(const ParamBase& param) {
  return {param.name(), show_value(param), std::string(param.help())};
}

bool is_in_group(const ShowGroup& group, const ParamBase& param) {
  if (param.number() < 0 && !group.has_plain) return false;
  return std::find(group.families.begin(), group.families.end(), param.family()) != group.families.end();
}

void append_group(const Settings& settings, const ShowGroup& group, Report& report) {
  std::vector<const ParamBase*> params;
  for_each_param(settings, [&](const ParamBase& param) {
    if (is_in_group(group, param)) params.push_back(&param);
  });
  const auto place = [&group](const ParamBase* param) {
    const auto family = std::find(group.families.begin(), group.families.end(), param->family());
    return std::pair(param->number(), family - group.families.begin());
  };
  std::sort(params.begin(), params.end(), [&](auto* a, auto* b) { return place(a) < place(b); });
  for (const ParamBase* param : params) report.rows.push_back(show_row(*param));
}

void append_ungrouped(const Settings& settings, Report& report) {
  std::vector<const ParamBase*> params;
  for_each_param(settings, [&](const ParamBase& param) {
    const bool is_grouped = std::any_of(show_groups().begin(), show_groups().end(),
                                        [&](const ShowGroup& group) { return is_in_group(group, param); });
    if (!is_grouped) params.push_back(&param);
  });
  std::stable_sort(params.begin(), params.end(), [](auto* a, auto* b) { return a->name().size() > b->name().size(); });
  for (const ParamBase* param : params) report.rows.push_back(show_row(*param));
}

// A numbered name beyond the nodes shows the plain value, as in Pgpool.
const ParamBase* find_shown(const Settings& settings, std::string_view name) {
  if (const ParamBase* param = find_param(settings, name)) return param;
  const auto end = name.find_last_not_of("0123456789");
  if (end == std::string_view::npos) return nullptr;
  return find_param(settings, name.substr(0, end + 1));
}

}  // namespace

std::vector<SettingRow> status_rows(const Facts& facts) {
  const Settings& settings = *facts.settings;
  std::vector<SettingRow> rows;
  for (const std::string_view item : kStatusItems) {
    if (item == kItemAfterMembers) {
      append_numbered(settings, {"hostname", "pgpool_port", "wd_port"}, rows);
      append_numbered(settings, {"heartbeat_hostname", "heartbeat_device", "heartbeat_port"}, rows);
    }
    rows.push_back(status_row(settings, item));
  }
  for (const NodeRow& node : node_rows(facts)) append_node(facts, node, rows);
  return rows;
}

Result<Report> pgpool_show(const Settings& settings, std::string_view name) {
  Report report{.columns = {"item", "value", "description"}};
  if (name == "all") {
    for (const ShowGroup& group : show_groups()) append_group(settings, group, report);
    append_ungrouped(settings, report);
    return report;
  }
  for (const ShowGroup& group : show_groups()) {
    if (group.name != name) continue;
    append_group(settings, group, report);
    return report;
  }
  const ParamBase* param = find_shown(settings, name);
  if (param == nullptr)
    return Error{ErrorCode::unknown_parameter, fmt::format("config variable \"{}\" not found", name)};
  return Report{.columns = {std::string(name)}, .rows = {{show_value(*param)}}};
}

}  // namespace howdah::pcp
