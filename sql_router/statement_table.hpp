// What counts as a read: every statement kind of PostgreSQL 15 has one row in statement_table.cpp. A row says what the
// kind alone decides; functions, relations and clauses found inside the statement can only make it stricter.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace howdah {

enum class StatementKind : std::uint8_t {
  // keep in the order of kStatementTable
  unknown,
  empty,
  gateway_command,
  select,
  select_into,
  insert,
  update,
  delete_rows,
  merge,
  copy_to_client,
  copy_from_client,
  copy_on_server,
  explain,
  show,
  set_parameter,
  set_local,
  reset_parameter,
  set_session_authorization,
  set_transaction,
  set_session_characteristics,
  set_constraints,
  discard,
  begin,
  commit,
  rollback,
  savepoint,
  release,
  rollback_to,
  prepare_transaction,
  commit_prepared,
  rollback_prepared,
  prepare,
  execute,
  deallocate,
  declare_cursor,
  fetch,
  close_cursor,
  listen,
  notify,
  unlisten,
  lock_table,
  load,
  do_block,
  call,
  checkpoint,
  vacuum,
  cluster,
  reindex,
  truncate,
  refresh_materialized_view,
  comment,
  security_label,
  grant,
  grant_role,
  alter_default_privileges,
  drop_owned,
  reassign_owned,
  create_table,
  create_table_as,
  create_view,
  create_index,
  create_sequence,
  create_schema,
  create_function,
  create_trigger,
  create_rule,
  create_type,
  create_domain,
  create_object,
  create_role,
  create_database,
  create_tablespace,
  create_extension,
  create_foreign,
  create_publication,
  create_subscription,
  alter_table,
  alter_sequence,
  alter_function,
  alter_type,
  alter_object,
  alter_role,
  alter_database,
  alter_tablespace,
  alter_extension,
  alter_foreign,
  alter_publication,
  alter_subscription,
  alter_system,
  drop_object,
  drop_role,
  drop_database,
  drop_tablespace,
  drop_user_mapping,
  drop_subscription,
};

// Where a statement of a kind goes when nothing else speaks.
enum class RouteClass : std::uint8_t {
  read,         // a replica may run it, if nothing inside objects
  as_inner,     // as the statement inside it
  primary,      // only the primary
  state,        // changes what the session is: only the primary, and most of them pin the session
  transaction,  // opens, ends or divides a transaction: goes where the transaction is
  gateway,      // answered by Howdah itself
};

struct StatementRow {
  StatementKind kind;
  std::string_view name;      // in logs, scripts and EXPLAIN ROUTE
  RouteClass route;
  bool writes;                // may change what others can see: later reads of the session wait for it
  std::string_view commands;  // the manual's commands (PostgreSQL manual, part VI) that are of this kind
  bool may_change_logins = false;    // who logs in afterwards may get another session, or none (login_change.hpp)
  bool is_refused_in_recovery = false;  // though PostgreSQL takes it in a READ ONLY transaction
};

std::span<const StatementRow> statement_table();
const StatementRow& row_of(StatementKind kind);
std::string_view to_text(RouteClass route);

}  // namespace howdah
