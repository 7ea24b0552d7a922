#include "failover/statements.hpp"

#include <fmt/format.h>

#include <array>

namespace howdah::failover {

namespace {

std::string quote(std::string_view value) {
  std::string text = "'";
  for (const char c : value) {
    if (c == '\'') text.push_back('\'');
    text.push_back(c);
  }
  return text + "'";
}

constexpr std::string_view kReload = "SELECT pg_reload_conf()";

// Other people's connections. Those of a superuser only a superuser may end; they are left.
constexpr std::string_view kOtherClients =
    "backend_type = 'client backend' AND pid <> pg_backend_pid() AND usename IS DISTINCT FROM current_user";

constexpr std::string_view kReadOnly = "ALTER SYSTEM SET default_transaction_read_only = on";

std::string disconnect(std::string_view whom) {
  return fmt::format("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE {} AND {} AND NOT EXISTS "
                     "(SELECT 1 FROM pg_roles WHERE rolname = usename AND rolsuper)",
                     whom, kOtherClients);
}

}  // namespace

Statements sql_read_source() {
  return {
      "SELECT current_setting('primary_conninfo'), current_setting('primary_slot_name'), "
      "(SELECT setting FROM pg_settings WHERE name = 'wal_receiver_timeout')"};
}

Statements sql_set_receiver_timeout(Duration timeout) {
  const auto ms = std::chrono::duration_cast<milliseconds>(timeout).count();
  return {fmt::format("ALTER SYSTEM SET wal_receiver_timeout = {}", ms), std::string(kReload)};
}

Statements sql_set_source(std::string_view conninfo) {
  return {fmt::format("ALTER SYSTEM SET primary_conninfo = {}", quote(conninfo)), std::string(kReload)};
}

// false: do not wait, for pg_promote(true) looks only every 100 ms.
Statements sql_promote() {
  return {"SELECT pg_snapshot_xmax(pg_current_snapshot()), pg_last_wal_replay_lsn() "
          "WHERE pg_is_in_recovery() AND pg_last_wal_replay_lsn() >= coalesce(pg_last_wal_receive_lsn(), '0/0')",
          "SELECT pg_promote(false)"};
}

Statements sql_set_synchronous(std::string_view names) {
  return {fmt::format("ALTER SYSTEM SET synchronous_standby_names = {}", quote(names)), std::string(kReload)};
}

Statements sql_look_up(std::uint64_t xid) {
  if (xid == 0) return {"SELECT pg_last_wal_replay_lsn()"};
  return {fmt::format("SELECT pg_last_wal_replay_lsn(), pg_xact_status('{}'::xid8)", xid)};
}

// pg_xact_status refuses ids that were not given out yet.
Statements sql_look_up_there(std::uint64_t xid) {
  return {fmt::format("SELECT concat_ws(' ', extract(epoch FROM pg_postmaster_start_time()), pg_last_wal_replay_lsn()), "
                      "CASE WHEN EXISTS (SELECT 1 FROM pg_prepared_xacts WHERE transaction::text::int8 = {0} & 4294967295) THEN 'prepared' "
                      "WHEN {0} < pg_snapshot_xmax(pg_current_snapshot())::text::int8 THEN pg_xact_status('{0}'::xid8) END",
                      xid)};
}

Statements sql_write() { return {"SELECT pg_logical_emit_message(true, 'howdah', '')"}; }

Statements sql_create_slot(std::string_view name) {
  return {fmt::format("SELECT pg_create_physical_replication_slot({0}, true) "
                      "WHERE NOT EXISTS (SELECT 1 FROM pg_replication_slots WHERE slot_name = {0})",
                      quote(name))};
}

Statements sql_checkpoint() { return {"CHECKPOINT"}; }

Statements sql_count_busy() {
  return {fmt::format("SELECT count(*) FROM pg_stat_activity WHERE xact_start IS NOT NULL AND {}", kOtherClients)};
}

// A transaction that began before that goes on all the same, also of who is being disconnected: the position is asked for when
// they have ended. (Nobody's, as a rule; but for those of superusers and of gateways that do not know of it.) What the
// server has flushed may end in the middle of a record, which no standby can replay before the rest comes, wal_writer_delay later or
// never. So it is the end of a record that is flushed by its commit, which no standby is waited for.
Statements sql_close() {
  return {std::string(kReadOnly), std::string(kReload), disconnect("true"),
          fmt::format("DO $$ BEGIN FOR i IN 1..400 LOOP PERFORM pg_stat_clear_snapshot(); "
                      "IF NOT EXISTS (SELECT 1 FROM pg_stat_activity WHERE xact_start < now() AND {}) THEN RETURN; END IF; "
                      "PERFORM pg_sleep(0.005); END LOOP; RAISE EXCEPTION 'transactions that had begun before do not end'; END $$",
                      kOtherClients),
          "SELECT pg_logical_emit_message(true, 'howdah', ''), set_config('synchronous_commit', 'local', true)"};
}

// The first fails on who has become a standby since it was asked for: it restarted, and what follows would close it. The names
// come last: without the right to set them the node is read-only all the same.
Statements sql_fence() {
  return {"SELECT setting, coalesce(sourcefile LIKE '%/postgresql.auto.conf', false)::int, pg_current_wal_lsn() FROM pg_settings "
          "WHERE name = 'synchronous_standby_names'",
          std::string(kReadOnly), std::string(kReload), disconnect("true"),
          fmt::format("ALTER SYSTEM SET synchronous_standby_names = {}", quote(kFencedNames)), std::string(kReload)};
}

Statements sql_look_after_fence() {
  return {"SELECT current_setting('default_transaction_read_only'), current_setting('synchronous_standby_names')",
          disconnect("backend_xid IS NOT NULL")};
}

std::string sql_recover(const RecoveryArguments& arguments, int count) {
  const std::array<std::string, 7> texts{quote(arguments.script),
                                         quote(arguments.node_host),
                                         quote(arguments.node_directory),
                                         quote(fmt::to_string(arguments.primary_port)),
                                         fmt::to_string(arguments.node.value),
                                         quote(fmt::to_string(arguments.node_port)),
                                         quote(arguments.primary_host)};
  return fmt::format("SELECT pgpool_recovery({})", fmt::join(texts.data(), texts.data() + count, ", "));
}

std::string sql_remote_start(std::string_view node_host, std::string_view node_directory) {
  return fmt::format("SELECT pgpool_remote_start({}, {})", quote(node_host), quote(node_directory));
}

Statements sql_reopen() { return {"ALTER SYSTEM RESET default_transaction_read_only", std::string(kReload)}; }

Statements sql_take_fence_away(std::string_view names) {
  return {"ALTER SYSTEM RESET default_transaction_read_only", std::string(kReload),
          names.empty() ? "ALTER SYSTEM RESET synchronous_standby_names"
                        : fmt::format("ALTER SYSTEM SET synchronous_standby_names = {}", quote(names)),
          std::string(kReload)};
}

}  // namespace howdah::failover
