#include "sql_router/name_rules.hpp"

#include <algorithm>
#include <array>
#include <span>

namespace howdah {

namespace {

// Views over memory, files or the connection (PostgreSQL manual, chapters "System Views" and "Cumulative Statistics").
constexpr auto kNodeLocalPrefixes = std::to_array<std::string_view>(
    {"pg_stat_", "pg_statio_", "pg_locks", "pg_settings", "pg_file_settings", "pg_hba_file_rules",
     "pg_ident_file_mappings", "pg_prepared_", "pg_cursors", "pg_replication_", "pg_backend_memory_contexts",
     "pg_shmem_allocations", "pg_config", "pg_available_extension"});

// Presets of a node, of its recovery and replication, and where its files are. Not `port`, `cluster_name` and
// `listen_addresses`, nor inet_server_addr(): who asks them asks which server answers, and any answer is right.
constexpr auto kNodeLocalSettings = std::to_array<std::string_view>(
    {"all",           "in_hot_standby",     "transaction_read_only",
     "config_file",   "data_directory",     "external_pid_file",     "hba_file",
     "ident_file",    "event_source",       "promote_trigger_file",  "restore_command",
     "synchronous_standby_names",
     "wal_level",     "data_checksums",     "max_connections",       "shared_buffers"});
constexpr auto kNodeLocalSettingPrefixes = std::to_array<std::string_view>(
    {"archive_", "hot_standby", "max_standby_", "primary_", "recovery_", "unix_socket_", "wal_receiver_", "ssl_", "log_"});

bool has_prefix(std::span<const std::string_view> prefixes, std::string_view name) {
  return std::any_of(prefixes.begin(), prefixes.end(), [&](std::string_view p) { return name.starts_with(p); });
}

}  // namespace

bool is_temp_schema(std::string_view schema) { return schema == "pg_temp" || schema.starts_with("pg_temp_"); }

RouteReason judge_relation(std::string_view schema, std::string_view name) {
  if (is_temp_schema(schema)) return RouteReason::session_state;
  if (schema == "information_schema") return RouteReason::system_catalog;
  if (schema.starts_with("pg_toast")) return RouteReason::system_catalog;
  if (!schema.empty() && schema != "pg_catalog") return RouteReason::read;
  if (has_prefix(kNodeLocalPrefixes, name)) return RouteReason::node_local_relation;
  if (schema == "pg_catalog" || name.starts_with("pg_")) return RouteReason::system_catalog;
  return RouteReason::read;
}

RouteReason judge_setting(std::string_view name) {
  const bool is_local = std::find(kNodeLocalSettings.begin(), kNodeLocalSettings.end(), name) != kNodeLocalSettings.end();
  return is_local || has_prefix(kNodeLocalSettingPrefixes, name) ? RouteReason::node_local_setting : RouteReason::read;
}

}  // namespace howdah
