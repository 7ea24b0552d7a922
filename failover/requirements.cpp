#include "failover/requirements.hpp"

#include <fmt/format.h>

namespace howdah::failover {

namespace {

constexpr int kParameterGrants = 150000;  // GRANT ALTER SYSTEM ON PARAMETER, pg_checkpoint

constexpr Requirement kRequirements[] = {
    {"current_setting('server_version_num')::int >= 150000 OR (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)",
     "before PostgreSQL 15 its steps need a superuser", "ALTER ROLE {role} SUPERUSER", true},
    {"pg_has_role(current_user, 'pg_monitor', 'USAGE')", "replication cannot be watched", "GRANT pg_monitor TO {role}", true},
    {"pg_has_role(current_user, 'pg_signal_backend', 'USAGE')", "clients of a false primary cannot be disconnected",
     "GRANT pg_signal_backend TO {role}", true},
    {"pg_has_role(current_user, 'pg_checkpoint', 'USAGE')", "a switchover takes longer",
     "GRANT pg_checkpoint TO {role}", false, kParameterGrants},
    {"has_function_privilege('pg_promote(boolean,integer)', 'EXECUTE')", "no standby can be promoted",
     "GRANT EXECUTE ON FUNCTION pg_promote(boolean,integer) TO {role}  -- in the database of sr_check_database", true},
    {"has_function_privilege('pg_reload_conf()', 'EXECUTE')", "no standby can be pointed at a new primary",
     "GRANT EXECUTE ON FUNCTION pg_reload_conf() TO {role}  -- in the database of sr_check_database", true},
    {"has_parameter_privilege('primary_conninfo', 'ALTER SYSTEM')", "no standby can be pointed at a new primary",
     "GRANT ALTER SYSTEM ON PARAMETER primary_conninfo TO {role}", true, kParameterGrants},
    {"has_parameter_privilege('default_transaction_read_only', 'ALTER SYSTEM')", "a false primary cannot be closed",
     "GRANT ALTER SYSTEM ON PARAMETER default_transaction_read_only TO {role}", true, kParameterGrants},
    {"has_parameter_privilege('synchronous_standby_names', 'ALTER SYSTEM')", "a false primary completes commits of its own clients",
     "GRANT ALTER SYSTEM ON PARAMETER synchronous_standby_names TO {role}", true, kParameterGrants},
    {"has_parameter_privilege('wal_receiver_timeout', 'ALTER SYSTEM')", "a standby finds out late that its primary is silent",
     "GRANT ALTER SYSTEM ON PARAMETER wal_receiver_timeout TO {role}", false, kParameterGrants},
    {"(SELECT rolreplication OR rolsuper FROM pg_roles WHERE rolname = current_user) "
     "OR current_setting('primary_slot_name') = ''",
     "standbys that use slots cannot be moved", "ALTER ROLE {role} REPLICATION", true},
    {"pg_has_role(current_user, 'pg_use_reserved_connections', 'USAGE')",
     "once its clients have taken all connections it can be asked no more over new ones",
     "GRANT pg_use_reserved_connections TO {role}  -- and reserved_connections above 0", false, 160000},
    {"current_setting('allow_alter_system')::bool", "steps by ALTER SYSTEM are refused",
     "-- postgresql.conf: allow_alter_system = on", true, 170000},
    {"current_setting('hot_standby')::bool", "standbys cannot be asked anything", "-- postgresql.conf: hot_standby = on; restart",
     true},
    {"current_setting('wal_level') <> 'minimal'", "it cannot have standbys", "ALTER SYSTEM SET wal_level = 'replica'  -- restart",
     true},
    {"current_setting('max_wal_senders')::int > 1", "as a primary it can send to nobody, or to one alone",
     "ALTER SYSTEM SET max_wal_senders = 10  -- restart", true},
    {"current_setting('primary_slot_name') = '' OR current_setting('max_replication_slots')::int > 1",
     "as a primary it has no slots for the standbys that use them", "ALTER SYSTEM SET max_replication_slots = 10  -- restart", true},
    {"(SELECT setting FROM pg_settings WHERE name IN ('wal_keep_size', 'wal_keep_segments'))::int > 0 "
     "OR current_setting('primary_slot_name') <> '' OR current_setting('restore_command') <> '' "
     "OR EXISTS (SELECT 1 FROM pg_replication_slots)",
     "WAL that a standby or pg_rewind needs after a failover may be gone", "ALTER SYSTEM SET wal_keep_size = '1GB'; SELECT pg_reload_conf()",
     false},
    {"(SELECT setting FROM pg_settings WHERE name = 'wal_retrieve_retry_interval')::int <= 1000",
     "a standby that lost its primary looks for WAL again only after this interval",
     "ALTER SYSTEM SET wal_retrieve_retry_interval = '500ms'; SELECT pg_reload_conf()  -- on this node", false},
    {"current_setting('wal_log_hints')::bool OR current_setting('data_checksums')::bool",
     "pg_rewind cannot turn an old primary into a standby", "ALTER SYSTEM SET wal_log_hints = on  -- restart", false},
    {"current_setting('full_page_writes')::bool", "pg_rewind cannot turn an old primary into a standby",
     "ALTER SYSTEM SET full_page_writes = on; SELECT pg_reload_conf()", false},
    // By pg_settings, which has no row of it for those who may not see it: pg_monitor is asked for above.
    {"(SELECT setting <> '' FROM pg_settings WHERE name = 'primary_conninfo')", "it does not say where it receives from",
     "ALTER SYSTEM SET primary_conninfo = 'host=... user=...'; SELECT pg_reload_conf()  -- on this node", true, 0, true},
    {"(SELECT setting !~ '^ *postgres(ql)?://' FROM pg_settings WHERE name = 'primary_conninfo')",
     "it cannot be pointed at a new primary: its source is written as a URI",
     "ALTER SYSTEM SET primary_conninfo = 'host=... user=...'; SELECT pg_reload_conf()  -- on this node", true, 0, true},
    {"(SELECT source <> 'command line' FROM pg_settings WHERE name = 'primary_conninfo')",
     "it cannot be pointed at a new primary: its source stands in the server's command line",
     "ALTER SYSTEM SET primary_conninfo = 'host=... user=...'  -- on this node; start it without the option", true, 0, true},
    {"current_setting('recovery_target_timeline') = 'latest'", "it does not follow a new primary",
     "ALTER SYSTEM SET recovery_target_timeline = 'latest'  -- on this node; restart", true, 0, true},
};

std::string filled(std::string_view text, std::string_view role) {
  constexpr std::string_view kRole = "{role}";
  std::string out(text);
  if (const auto at = out.find(kRole); at != std::string::npos) out.replace(at, kRole.size(), role);
  return out;
}

}  // namespace

std::span<const Requirement> requirements() { return kRequirements; }

std::string sql_requirements(int version) {
  std::string sql = "SELECT quote_ident(current_user), pg_is_in_recovery()::int";
  for (const Requirement& row : kRequirements) {
    if (version < row.from_version) sql += ", NULL";
    else if (row.is_for_standbys) sql += fmt::format(", CASE WHEN pg_is_in_recovery() THEN ({})::int END", row.holds);
    else sql += fmt::format(", ({})::int", row.holds);
  }
  return sql;
}

std::vector<Shortcoming> find_shortcomings(std::span<const std::optional<std::string>> row) {
  constexpr std::size_t kBefore = 2;
  std::vector<Shortcoming> found;
  for (std::size_t i = 0; i < std::size(kRequirements) && i + kBefore < row.size(); ++i)
    if (row[i + kBefore] == "0")
      found.push_back({kRequirements[i].is_needed, std::string(kRequirements[i].without_it),
                       filled(kRequirements[i].mend, row[0].value_or(""))});
  return found;
}

}  // namespace howdah::failover
