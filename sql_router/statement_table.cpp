#include "sql_router/statement_table.hpp"

#include <array>
#include <cstddef>

namespace howdah {

namespace {

using enum StatementKind;
using enum RouteClass;

constexpr bool kLogins = true;
constexpr bool kNotInRecovery = true;

constexpr std::array kStatementTable{
    StatementRow{unknown, "unknown", primary, true, "text that does not parse; commands newer than the parser"},
    StatementRow{empty, "empty", read, false, "an empty string, a lone comment"},
    StatementRow{gateway_command, "gateway", gateway, false, "SHOW POOL_*, PGPOOL SHOW/SET/RESET, EXPLAIN ROUTE"},
    StatementRow{select, "select", read, false, "SELECT, VALUES, TABLE, WITH ... SELECT"},
    StatementRow{select_into, "select_into", primary, true, "SELECT INTO"},
    StatementRow{insert, "insert", primary, true, "INSERT"},
    StatementRow{update, "update", primary, true, "UPDATE"},
    StatementRow{delete_rows, "delete", primary, true, "DELETE"},
    StatementRow{merge, "merge", primary, true, "MERGE"},
    StatementRow{copy_to_client, "copy_to_client", as_inner, false, "COPY ... TO STDOUT"},
    StatementRow{copy_from_client, "copy_from_client", primary, true, "COPY ... FROM STDIN"},
    StatementRow{copy_on_server, "copy_on_server", primary, true, "COPY from or to a file or program"},
    StatementRow{explain, "explain", as_inner, false, "EXPLAIN"},
    StatementRow{show, "show", read, false, "SHOW"},
    StatementRow{set_parameter, "set", state, false, "SET, SET TIME ZONE, SET NAMES, SET ROLE"},
    StatementRow{set_local, "set_local", transaction, false, "SET LOCAL"},
    StatementRow{reset_parameter, "reset", state, false, "RESET, RESET ALL"},
    StatementRow{set_session_authorization, "set_session_authorization", state, false, "SET SESSION AUTHORIZATION"},
    StatementRow{set_transaction, "set_transaction", transaction, false, "SET TRANSACTION"},
    StatementRow{set_session_characteristics, "set_session_characteristics", state, false,
                 "SET SESSION CHARACTERISTICS"},
    StatementRow{set_constraints, "set_constraints", primary, false, "SET CONSTRAINTS"},
    StatementRow{discard, "discard", state, false, "DISCARD"},
    StatementRow{begin, "begin", transaction, false, "BEGIN, START TRANSACTION"},
    StatementRow{commit, "commit", transaction, false, "COMMIT, END"},
    StatementRow{rollback, "rollback", transaction, false, "ROLLBACK, ABORT"},
    StatementRow{savepoint, "savepoint", transaction, false, "SAVEPOINT"},
    StatementRow{release, "release", transaction, false, "RELEASE SAVEPOINT"},
    StatementRow{rollback_to, "rollback_to", transaction, false, "ROLLBACK TO SAVEPOINT"},
    StatementRow{prepare_transaction, "prepare_transaction", primary, true, "PREPARE TRANSACTION", !kLogins, kNotInRecovery},
    StatementRow{commit_prepared, "commit_prepared", primary, true, "COMMIT PREPARED", !kLogins, kNotInRecovery},
    StatementRow{rollback_prepared, "rollback_prepared", primary, true, "ROLLBACK PREPARED", !kLogins, kNotInRecovery},
    StatementRow{prepare, "prepare", state, false, "PREPARE"},
    StatementRow{execute, "execute", primary, true, "EXECUTE"},
    StatementRow{deallocate, "deallocate", state, false, "DEALLOCATE"},
    StatementRow{declare_cursor, "declare_cursor", primary, false, "DECLARE"},
    StatementRow{fetch, "fetch", primary, false, "FETCH, MOVE"},
    StatementRow{close_cursor, "close_cursor", primary, false, "CLOSE"},
    StatementRow{listen, "listen", state, false, "LISTEN"},
    StatementRow{notify, "notify", primary, false, "NOTIFY", !kLogins, kNotInRecovery},
    StatementRow{unlisten, "unlisten", state, false, "UNLISTEN"},
    StatementRow{lock_table, "lock_table", primary, false, "LOCK", !kLogins, kNotInRecovery},
    StatementRow{load, "load", state, false, "LOAD"},
    StatementRow{do_block, "do", primary, true, "DO"},
    StatementRow{call, "call", primary, true, "CALL"},
    StatementRow{checkpoint, "checkpoint", primary, false, "CHECKPOINT"},
    StatementRow{vacuum, "vacuum", primary, true, "VACUUM, ANALYZE", !kLogins, kNotInRecovery},
    StatementRow{cluster, "cluster", primary, true, "CLUSTER", !kLogins, kNotInRecovery},
    StatementRow{reindex, "reindex", primary, true, "REINDEX", !kLogins, kNotInRecovery},
    StatementRow{truncate, "truncate", primary, true, "TRUNCATE"},
    StatementRow{refresh_materialized_view, "refresh_materialized_view", primary, true, "REFRESH MATERIALIZED VIEW"},
    StatementRow{comment, "comment", primary, true, "COMMENT"},
    StatementRow{security_label, "security_label", primary, true, "SECURITY LABEL"},
    StatementRow{grant, "grant", primary, true, "GRANT and REVOKE on objects", kLogins},
    StatementRow{grant_role, "grant_role", primary, true, "GRANT and REVOKE of roles"},
    StatementRow{alter_default_privileges, "alter_default_privileges", primary, true, "ALTER DEFAULT PRIVILEGES"},
    StatementRow{drop_owned, "drop_owned", primary, true, "DROP OWNED"},
    StatementRow{reassign_owned, "reassign_owned", primary, true, "REASSIGN OWNED"},
    StatementRow{create_table, "create_table", primary, true, "CREATE TABLE"},
    StatementRow{create_table_as, "create_table_as", primary, true, "CREATE TABLE AS, CREATE MATERIALIZED VIEW"},
    StatementRow{create_view, "create_view", primary, true, "CREATE VIEW"},
    StatementRow{create_index, "create_index", primary, true, "CREATE INDEX"},
    StatementRow{create_sequence, "create_sequence", primary, true, "CREATE SEQUENCE"},
    StatementRow{create_schema, "create_schema", primary, true, "CREATE SCHEMA"},
    StatementRow{create_function, "create_function", primary, true, "CREATE FUNCTION, CREATE PROCEDURE"},
    StatementRow{create_trigger, "create_trigger", primary, true, "CREATE TRIGGER, CREATE EVENT TRIGGER"},
    StatementRow{create_rule, "create_rule", primary, true, "CREATE RULE"},
    StatementRow{create_type, "create_type", primary, true, "CREATE TYPE (composite, enum, range)"},
    StatementRow{create_domain, "create_domain", primary, true, "CREATE DOMAIN"},
    StatementRow{create_object, "create_object", primary, true,
                 "CREATE ACCESS METHOD, AGGREGATE, CAST, COLLATION, CONVERSION, LANGUAGE, OPERATOR, OPERATOR CLASS, "
                 "OPERATOR FAMILY, POLICY, STATISTICS, TEXT SEARCH ..., TRANSFORM, TYPE (base)"},
    StatementRow{create_role, "create_role", primary, true, "CREATE ROLE, CREATE USER, CREATE GROUP"},
    StatementRow{create_database, "create_database", primary, true, "CREATE DATABASE"},
    StatementRow{create_tablespace, "create_tablespace", primary, true, "CREATE TABLESPACE"},
    StatementRow{create_extension, "create_extension", primary, true, "CREATE EXTENSION"},
    StatementRow{create_foreign, "create_foreign", primary, true,
                 "CREATE FOREIGN DATA WRAPPER, FOREIGN TABLE, SERVER, USER MAPPING; IMPORT FOREIGN SCHEMA"},
    StatementRow{create_publication, "create_publication", primary, true, "CREATE PUBLICATION"},
    StatementRow{create_subscription, "create_subscription", primary, true, "CREATE SUBSCRIPTION"},
    StatementRow{alter_table, "alter_table", primary, true,
                 "ALTER TABLE, INDEX, VIEW, MATERIALIZED VIEW, FOREIGN TABLE"},
    StatementRow{alter_sequence, "alter_sequence", primary, true, "ALTER SEQUENCE"},
    StatementRow{alter_function, "alter_function", primary, true, "ALTER FUNCTION, PROCEDURE, ROUTINE"},
    StatementRow{alter_type, "alter_type", primary, true, "ALTER TYPE, ALTER DOMAIN"},
    StatementRow{alter_object, "alter_object", primary, true,
                 "ALTER ... RENAME, OWNER TO, SET SCHEMA, DEPENDS ON; ALTER COLLATION, EVENT TRIGGER, OPERATOR, "
                 "OPERATOR FAMILY, POLICY, STATISTICS, TEXT SEARCH ...", kLogins},
    StatementRow{alter_role, "alter_role", primary, true, "ALTER ROLE, ALTER USER, ALTER GROUP", kLogins},
    StatementRow{alter_database, "alter_database", primary, true, "ALTER DATABASE", kLogins},
    StatementRow{alter_tablespace, "alter_tablespace", primary, true,
                 "ALTER TABLESPACE, ALTER ... ALL IN TABLESPACE"},
    StatementRow{alter_extension, "alter_extension", primary, true, "ALTER EXTENSION"},
    StatementRow{alter_foreign, "alter_foreign", primary, true, "ALTER FOREIGN DATA WRAPPER, SERVER, USER MAPPING"},
    StatementRow{alter_publication, "alter_publication", primary, true, "ALTER PUBLICATION"},
    StatementRow{alter_subscription, "alter_subscription", primary, true, "ALTER SUBSCRIPTION"},
    StatementRow{alter_system, "alter_system", primary, true, "ALTER SYSTEM"},
    StatementRow{drop_object, "drop_object", primary, true, "DROP of everything without a row of its own"},
    StatementRow{drop_role, "drop_role", primary, true, "DROP ROLE, DROP USER, DROP GROUP", kLogins},
    StatementRow{drop_database, "drop_database", primary, true, "DROP DATABASE"},
    StatementRow{drop_tablespace, "drop_tablespace", primary, true, "DROP TABLESPACE"},
    StatementRow{drop_user_mapping, "drop_user_mapping", primary, true, "DROP USER MAPPING"},
    StatementRow{drop_subscription, "drop_subscription", primary, true, "DROP SUBSCRIPTION"},
};

consteval bool is_in_order() {
  for (std::size_t i = 0; i < kStatementTable.size(); ++i)
    if (static_cast<std::size_t>(kStatementTable[i].kind) != i) return false;
  return true;
}
static_assert(is_in_order());
static_assert(kStatementTable.size() == static_cast<std::size_t>(drop_subscription) + 1);

}  // namespace

std::span<const StatementRow> statement_table() { return kStatementTable; }

const StatementRow& row_of(StatementKind kind) { return kStatementTable[static_cast<std::size_t>(kind)]; }

std::string_view to_text(RouteClass route) {
  switch (route) {
    case read: return "replica";
    case as_inner: return "as the statement inside";
    case primary: return "primary";
    case state: return "primary, may pin";
    case transaction: return "with its transaction";
    case gateway: return "answered by Howdah";
  }
  return "";
}

}  // namespace howdah
