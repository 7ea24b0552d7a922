#include "sql_router/function_table.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "sql_router/builtin_functions.hpp"

namespace howdah {

namespace {

using enum RouteReason;

struct FunctionRow {
  std::string_view name;  // a trailing '*' stands for any rest
  RouteReason reason;
  bool may_write;
  std::optional<PinReason> pin = {};
};

// The first row that fits counts. What is volatile and not here goes to the primary and counts as writing.
constexpr std::array kFunctionTable{
    // Volatile for the planner's sake; they change nothing.
    FunctionRow{"random", volatile_function, false},
    FunctionRow{"clock_timestamp", volatile_function, false},
    FunctionRow{"timeofday", volatile_function, false},
    FunctionRow{"gen_random_uuid", volatile_function, false},
    FunctionRow{"pg_sleep*", volatile_function, false},
    FunctionRow{"pg_*relation_size", volatile_function, false},
    FunctionRow{"pg_table*_size", volatile_function, false},
    FunctionRow{"pg_indexes_size", volatile_function, false},
    FunctionRow{"pg_database_size", volatile_function, false},

    // They leave something in the session.
    FunctionRow{"set_config", volatile_function, false, PinReason::setting},
    FunctionRow{"setseed", volatile_function, false, PinReason::seed},
    FunctionRow{"nextval", volatile_function, true, PinReason::sequence_state},
    FunctionRow{"setval", volatile_function, true, PinReason::sequence_state},
    FunctionRow{"currval", volatile_function, false, PinReason::sequence_state},
    FunctionRow{"lastval", volatile_function, false, PinReason::sequence_state},
    FunctionRow{"pg_advisory_lock", node_local_function, false, PinReason::advisory_lock},
    FunctionRow{"pg_advisory_lock_shared", node_local_function, false, PinReason::advisory_lock},
    FunctionRow{"pg_try_advisory_lock", node_local_function, false, PinReason::advisory_lock},
    FunctionRow{"pg_try_advisory_lock_shared", node_local_function, false, PinReason::advisory_lock},
    FunctionRow{"pg_advisory_*", node_local_function, false},
    FunctionRow{"pg_try_advisory_*", node_local_function, false},
    FunctionRow{"pg_replication_origin_session_*", volatile_function, true, PinReason::replication},
    FunctionRow{"pg_create_physical_replication_slot", volatile_function, true, PinReason::replication},
    FunctionRow{"pg_create_logical_replication_slot", volatile_function, true, PinReason::replication},
    FunctionRow{"pg_copy_*_replication_slot", volatile_function, true, PinReason::replication},

    // Immutable or stable, and yet they fail on a standby or run text we do not see.
    FunctionRow{"pg_walfile_name*", node_local_function, false},
    FunctionRow{"pg_replication_origin_oid", node_local_function, false},
    FunctionRow{"txid_current", volatile_function, true},
    FunctionRow{"pg_current_xact_id", volatile_function, true},
    FunctionRow{"txid_current*", node_local_function, false},
    FunctionRow{"pg_current_xact_id_if_assigned", node_local_function, false},
    FunctionRow{"pg_current_snapshot", node_local_function, false},
    FunctionRow{"pg_export_snapshot", node_local_function, false},
    FunctionRow{"query_to_xml*", unknown_function, true, PinReason::opaque},
    FunctionRow{"cursor_to_xml*", unknown_function, true, PinReason::opaque},
    FunctionRow{"table_to_xml*", unknown_function, true, PinReason::opaque},
    FunctionRow{"schema_to_xml*", unknown_function, true, PinReason::opaque},
    FunctionRow{"database_to_xml*", unknown_function, true, PinReason::opaque},
    FunctionRow{"ts_stat", unknown_function, true, PinReason::opaque},
    FunctionRow{"ts_rewrite", unknown_function, true, PinReason::opaque},

    // Facts about one node or one server connection.
    FunctionRow{"pg_is_in_recovery", node_local_function, false},
    FunctionRow{"pg_is_wal_replay_paused", node_local_function, false},
    FunctionRow{"pg_get_wal_replay_pause_state", node_local_function, false},
    FunctionRow{"pg_last_*", node_local_function, false},
    FunctionRow{"pg_current_wal_*", node_local_function, false},
    FunctionRow{"pg_current_logfile", node_local_function, false},
    FunctionRow{"pg_control_*", node_local_function, false},
    FunctionRow{"pg_stat_reset*", node_local_function, true},
    FunctionRow{"pg_stat_*", node_local_function, false},
    FunctionRow{"pg_ls_*", node_local_function, false},
    FunctionRow{"pg_read_*", node_local_function, false},
    FunctionRow{"pg_lock_status", node_local_function, false},
    FunctionRow{"pg_blocking_pids", node_local_function, false},
    FunctionRow{"pg_safe_snapshot_blocking_pids", node_local_function, false},
    FunctionRow{"pg_cancel_backend", node_local_function, true},
    FunctionRow{"pg_terminate_backend", node_local_function, true},
    FunctionRow{"pg_log_backend_memory_contexts", node_local_function, false},
    FunctionRow{"pg_get_backend_memory_contexts", node_local_function, false},
    FunctionRow{"pg_get_shmem_allocations", node_local_function, false},
    FunctionRow{"pg_get_replication_slots", node_local_function, false},
    FunctionRow{"pg_show_*", node_local_function, false},
    FunctionRow{"pg_hba_file_rules", node_local_function, false},
    FunctionRow{"pg_ident_file_mappings", node_local_function, false},
    FunctionRow{"pg_prepared_*", node_local_function, false},
    FunctionRow{"pg_cursor", node_local_function, false},
    FunctionRow{"pg_listening_channels", node_local_function, false},
    FunctionRow{"pg_notification_queue_usage", node_local_function, false},
    FunctionRow{"pg_my_temp_schema", node_local_function, false},
    FunctionRow{"pg_is_other_temp_schema", node_local_function, false},
    FunctionRow{"pg_backend_pid", node_local_function, false},
    FunctionRow{"pg_postmaster_start_time", node_local_function, false},
    FunctionRow{"pg_conf_load_time", node_local_function, false},
    FunctionRow{"pg_config", node_local_function, false},
    FunctionRow{"pg_available_extension*", node_local_function, false},
    FunctionRow{"pg_extension_update_paths", node_local_function, false},
    FunctionRow{"pg_tablespace_location", node_local_function, false},
    FunctionRow{"pg_tablespace_databases", node_local_function, false},
    FunctionRow{"pg_jit_available", node_local_function, false},
    FunctionRow{"inet_client_*", node_local_function, false},
    FunctionRow{"current_setting", node_local_function, false},
};

// Volatile functions in C of the extensions that come with PostgreSQL (manual, appendix F).
constexpr std::array kExtensionFunctions{
    FunctionRow{"uuid_generate_v1", volatile_function, false},
    FunctionRow{"uuid_generate_v1mc", volatile_function, false},
    FunctionRow{"uuid_generate_v4", volatile_function, false},
    FunctionRow{"gen_random_bytes", volatile_function, false},
    FunctionRow{"gen_random_uuid", volatile_function, false},
    FunctionRow{"gen_salt", volatile_function, false},
    FunctionRow{"pg_stat_statements", node_local_function, false},
    FunctionRow{"pg_stat_statements_info", node_local_function, false},
    FunctionRow{"pg_stat_statements_reset", node_local_function, true},
    FunctionRow{"pg_buffercache_pages", node_local_function, false},
};

bool fits(std::string_view pattern, std::string_view name) {
  if (pattern.front() != name.front()) return false;
  const auto star = pattern.find('*');
  if (star == std::string_view::npos) return pattern == name;
  const std::string_view head = pattern.substr(0, star);
  const std::string_view tail = pattern.substr(star + 1);
  return name.size() >= head.size() + tail.size() && name.starts_with(head) && name.ends_with(tail);
}

bool is_listed(const std::vector<Pattern>& list, std::string_view name) {
  return std::any_of(list.begin(), list.end(), [&](const Pattern& pattern) { return pattern.matches(name); });
}

Effects effects_of(const FunctionRow& row) {
  Effects effects{.reason = row.reason, .may_write = row.may_write};
  if (row.pin) effects.pins = *row.pin;
  effects.reads_sequences = row.pin == PinReason::sequence_state && !row.may_write;
  return effects;
}

}  // namespace

std::optional<Effects> judge_builtin(std::string_view schema, std::string_view name) {
  if (name.empty() || (!schema.empty() && schema != "pg_catalog")) return std::nullopt;
  const bool is_stable = is_stable_builtin(name);
  if (!is_stable && !is_volatile_builtin(name)) return std::nullopt;
  for (const FunctionRow& row : kFunctionTable)
    if (fits(row.name, name)) return effects_of(row);
  if (is_stable) return Effects{};
  return Effects{.reason = volatile_function, .may_write = true};
}

std::optional<Effects> judge_extension_function(std::string_view name) {
  for (const FunctionRow& row : kExtensionFunctions)
    if (fits(row.name, name)) return effects_of(row);
  return std::nullopt;
}

Effects judge_by_lists(const ObjectName& name, Effects effects, const RoutingOptions& options) {
  if (options.read_only_function_list.empty() && options.write_function_list.empty()) return effects;
  const std::string written = to_text(name);
  if (!options.read_only_function_list.empty()) {
    if (!is_listed(options.read_only_function_list, written)) {
      effects.reason = not_in_read_only_list;
      effects.because.clear();
      return effects;
    }
    // The operator vouches for a function we know nothing of; what is known to leave state behind stays where it was.
    if (effects.pins.is_empty() || effects.pins.has(PinReason::opaque)) return {};
    return effects;
  }
  if (!is_listed(options.write_function_list, written)) return effects;
  effects.reason = listed_write_function;
  effects.because.clear();
  effects.may_write = true;
  return effects;
}

}  // namespace howdah
