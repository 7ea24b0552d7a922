#include "conf/names.hpp"

#include "conf/walk.hpp"
#include "conf/words.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace howdah {

using namespace conf;

namespace {

using enum NameFate;

constexpr std::string_view kUseHostnames = "use hostnameN, pgpool_portN, wd_portN (N of all members alike)";
constexpr std::string_view kNewer = "it belongs to a Pgpool newer than 4.7";
constexpr std::string_view kDelaySource = "delay is asked of the servers; no command is run";

constexpr auto kOtherNames = std::to_array<OtherName>({
    {"logdir", renamed, "work_dir"},
    {"socket_dir", renamed, "unix_socket_directories"},
    {"delegate_IP", renamed, "delegate_ip"},
    {"fail_over_on_backend_error", renamed, "failover_on_backend_error"},
    {"follow_master_command", renamed, "follow_primary_command"},
    {"white_function_list", renamed, "read_only_function_list"},
    {"black_function_list", renamed, "write_function_list"},
    {"black_query_pattern_list", renamed, "primary_routing_query_pattern_list"},
    {"white_memqcache_table_list", renamed, "cache_safe_memqcache_table_list"},
    {"black_memqcache_table_list", renamed, "cache_unsafe_memqcache_table_list"},
    {"wd_initial_node_showup_time", renamed, "wd_no_show_node_removal_timeout"},
    {"heartbeat_destination", renamed, "heartbeat_hostname"},
    {"heartbeat_destination_port", renamed, "heartbeat_port"},

    {"listen_addr", foreign, "listen_addresses"},
    {"listen_port", foreign, "port"},
    {"unix_socket_dir", foreign, "unix_socket_directories"},
    {"unix_socket_mode", foreign, "unix_socket_permissions"},
    {"pidfile", foreign, "pid_file_name"},
    {"client_idle_timeout", foreign, "client_idle_limit"},
    {"client_login_timeout", foreign, "authentication_timeout"},
    {"client_tls_key_file", foreign, "ssl_key"},
    {"client_tls_cert_file", foreign, "ssl_cert"},
    {"client_tls_ca_file", foreign, "ssl_ca_cert"},
    {"client_tls_ciphers", foreign, "ssl_ciphers"},
    {"client_tls_ecdhcurve", foreign, "ssl_ecdh_curve"},
    {"client_tls_dheparams", foreign, "ssl_dh_params_file"},

    {"master_slave_mode", gone, "backend_clustering_mode says it; streaming_replication is the default"},
    {"master_slave_sub_mode", gone, "backend_clustering_mode says it; streaming_replication is the default"},
    {"wd_hostname", gone, kUseHostnames},
    {"wd_port", gone, kUseHostnames},
    {"wd_heartbeat_port", gone, "use heartbeat_portN"},
    {"other_pgpool_hostname", gone, kUseHostnames},
    {"other_pgpool_port", gone, kUseHostnames},
    {"other_wd_port", gone, kUseHostnames},
    {"print_timestamp", gone, "log lines always have the time"},
    {"print_user", gone, "log lines of a session name its user"},
    {"debug_level", gone, "use log_min_messages"},
    {"parallel_mode", gone, "queries are not run in parallel over servers"},
    {"enable_query_cache", gone, "results are not cached"},
    {"replication_delay_source_cmd", gone, kDelaySource},
    {"replication_delay_source_timeout", gone, kDelaySource},
    {"track_table_mutation_ttl_factor", gone, kNewer},
    {"track_table_mutation_max_staleness", gone, kNewer},
    {"track_table_mutation_cold_start_duration", gone, kNewer},
    {"track_table_mutation_table_buckets", gone, kNewer},
    {"track_table_mutation_table_size", gone, kNewer},
});

}  // namespace

const OtherName* find_other_name(std::string_view name) {
  const auto row =
      std::find_if(kOtherNames.begin(), kOtherNames.end(), [name](const auto& r) { return r.name == name; });
  return row == kOtherNames.end() ? nullptr : &*row;
}

std::optional<NumberedName> split_number_off(std::string_view name) {
  std::size_t begin = name.size();
  while (begin > 0 && name[begin - 1] >= '0' && name[begin - 1] <= '9') --begin;
  const std::string_view digits = name.substr(begin);
  const bool has_leading_zero = digits.size() > 1 && digits.front() == '0';
  if (begin == 0 || digits.empty() || digits.size() > 9 || has_leading_zero) return std::nullopt;
  NumberedName split{std::string(name.substr(0, begin))};
  std::from_chars(digits.data(), digits.data() + digits.size(), split.number);
  return split;
}

std::string nearest_name(const Settings& settings, std::string_view name) {
  constexpr std::size_t kFarthest = 3;
  if (name.size() > 100) return {};  // far from every name of ours
  const std::size_t limit = std::min(kFarthest, name.size() / 3);
  const auto split = split_number_off(name);
  std::string nearest;
  std::size_t least = limit + 1;
  const auto consider = [&](std::string_view candidate, std::string_view written, std::string_view suffix) {
    const std::size_t distance = edit_distance(lower_case(written), candidate, limit);
    if (distance >= least) return;
    least = distance;
    nearest = std::string(candidate).append(suffix);
  };
  for_each_param(settings, [&](const ParamBase& param) {
    if (param.number() < 0) consider(param.family(), name, "");
  });
  NodeSettings node;
  DatabaseSettings database;
  UserSettings user;
  WatchdogMember member;
  Heartbeat heartbeat;
  const std::string number = split ? std::to_string(split->number) : "N";
  const ParamVisitor family = [&](ParamBase& param) {
    consider(param.family(), split ? std::string_view(split->family) : name, number);
  };
  for_each_param(node, family);
  for_each_param(database, family);
  for_each_param(user, family);
  for_each_param(member, family);
  for_each_param(heartbeat, family);
  return nearest;
}

}  // namespace howdah
