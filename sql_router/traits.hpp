// What a statement does, told from its text alone: the classifier's answer and the router's question. Traits hold no
// parse tree. They are made once per text and shared read-only (TraitsPtr), so a session may keep them for as long as a
// prepared statement lives.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "conf/enums.hpp"
#include "sql_router/enum_set.hpp"
#include "sql_router/session_step.hpp"
#include "sql_router/statement_table.hpp"
#include "sql_router/verdict.hpp"

namespace howdah {

enum class ParseOutcome : std::uint8_t { parsed, unparsable, too_long, too_deep };

enum class TransactionControl : std::uint8_t {
  none,
  begin,
  commit,
  commit_and_chain,
  rollback,
  rollback_and_chain,
  savepoint,
  release,
  rollback_to,
  prepare_transaction,
  commit_prepared,
  rollback_prepared,
};

enum class Isolation : std::uint8_t { read_uncommitted, read_committed, repeatable_read, serializable };

// Modes of BEGIN, SET TRANSACTION, SET SESSION CHARACTERISTICS and of the settings transaction_* and
// default_transaction_*. Nothing: not mentioned.
struct TransactionModes {
  std::optional<bool> is_read_only = {};
  std::optional<Isolation> isolation = {};
  std::optional<bool> is_deferrable = {};
  bool imports_snapshot = false;  // SET TRANSACTION SNAPSHOT
  bool is_unclear = false;        // set to something that is not a plain constant: take the strictest
  bool operator==(const TransactionModes&) const = default;
};

// Whom the modes are for.
enum class ModesScope : std::uint8_t { none, this_transaction, session_default };

// Why the session must keep its server connection after this statement: state that is not carried to another one.
enum class PinReason : std::uint8_t {
  setting,                // one whose value the text does not tell, or that changes how texts are read
  prepared,               // PREPARE, DEALLOCATE in a string of several: only the server knows which of it was done
  temp_table,             // CREATE TEMP ..., SELECT INTO TEMP, anything naming pg_temp
  listen,                 // LISTEN
  advisory_lock,          // pg_advisory_lock and its forms of session level
  hold_cursor,            // DECLARE ... WITH HOLD
  load,                   // LOAD
  session_authorization,  // SET SESSION AUTHORIZATION
  sequence_state,         // nextval, setval: currval and lastval remember
  seed,                   // setseed, SET seed
  opaque,                 // DO, CALL, unknown functions: may leave any of the above
  replication,            // replication slots of the session, replication origins
};
constexpr std::size_t kPinReasonCount = static_cast<std::size_t>(PinReason::replication) + 1;
std::string_view to_text(PinReason reason);
using PinReasons = EnumSet<PinReason>;

// Which session state this statement takes away.
enum class Unpin : std::uint8_t {
  discard_all,
  discard_plans,
  discard_sequences,
  discard_temp,
  reset_all,
  reset_session_authorization,
  unlisten_all,
  deallocate_all,
  close_all,
};
using Unpins = EnumSet<Unpin>;

// What a statement does to what texts mean, and to what is known of functions and relations. Each includes those before it.
enum class CatalogChange : std::uint8_t {
  none,
  plans,    // DDL, or what may hide it: what was prepared before may now mean another thing
  adds,     // names that were not there: what is known of others stays true
  changes,  // what a name stands for
};

enum class CopyDirection : std::uint8_t { none, from_client, to_client };

enum class GatewayCommandKind : std::uint8_t {
  none,
  show_pool,
  pgpool_show,
  pgpool_set,
  pgpool_reset,
  explain_route,
  own_show,   // SHOW, SET, RESET howdah.<name>: the client's settings of the gateway itself
  own_set,
  own_reset,
};

// A command Howdah answers itself, standing first in the text. It is recognised before parsing, in any case, after
// blanks and comments. Offsets are into the text that was classified.
struct GatewayCommand {
  GatewayCommandKind kind = GatewayCommandKind::none;
  std::string name = {};         // SHOW POOL_<name>, PGPOOL SHOW/SET/RESET <name>, SET howdah.<name>; lower case
  std::string value = {};        // PGPOOL SET, SET howdah.*: the value, quotes taken off
  bool is_default = false;       // PGPOOL SET ... TO DEFAULT
  bool is_local = false;         // SET LOCAL howdah.*
  std::size_t inner_begin = 0;   // EXPLAIN ROUTE: the statement to explain is [inner_begin, inner_end)
  std::size_t inner_end = 0;
  std::size_t rest_begin = 0;    // what follows the command's `;` and must still run; the text's size if nothing does
  bool operator==(const GatewayCommand&) const = default;
};

struct Traits;

// Traits of a statement inside another; equal if what they say is.
struct InnerTraits {
  std::shared_ptr<const Traits> traits = nullptr;
  bool operator==(const InnerTraits& other) const;
};

struct Traits {
  Verdict verdict = {};
  StatementKind kind = StatementKind::unknown;  // of the only statement, or of the first
  ParseOutcome parse = ParseOutcome::unparsable;
  std::uint32_t statement_count = 0;  // 0: an empty string, or nothing is known

  // Of a single statement. In a string of several, `transaction` is none, `has_transaction_control` tells that the
  // state after it must be read from ReadyForQuery, and the modes are not told.
  TransactionControl transaction = TransactionControl::none;
  bool has_transaction_control = false;
  TransactionModes modes = {};
  ModesScope modes_scope = ModesScope::none;

  // What the text is as a whole.
  bool fits_in_block = false;         // each statement is a SELECT, INSERT ... or DDL: in a transaction block it does the same
  bool is_whole_transaction = false;  // BEGIN, such statements (also SET LOCAL, LOCK, savepoints), COMMIT
  bool ends_with_commit = false;      // such statements, COMMIT: the end of a transaction begun before
  bool only_changes_rows = false;     // one of the first two, with INSERT, UPDATE, DELETE and MERGE only
  bool notifies = false;              // NOTIFY is one of its statements, which nothing else tells to be a write

  bool changes_nothing = false;  // nothing of what it does outlasts it, on whatever node: outside a transaction it may run again
  bool locks_rows = false;
  bool has_no_load_balance = false;  // a read that begins with /*NO LOAD BALANCE*/
  bool reads_sequences = false;  // currval, lastval: answers with what earlier statements left in the connection
  bool reads_transaction_time = false;  // now() and its kin: the same all through a transaction
  bool is_node_bound = false;  // a replica might answer differently, or keep state, without an error
  CopyDirection copy = CopyDirection::none;
  CatalogChange catalog_change = CatalogChange::none;
  std::optional<ReadConsistency> read_consistency = {};  // of a hint in the text (hints.hpp)
  PinReasons pins = {};
  Unpins unpins = {};  // empty if the same string also pins
  std::vector<SessionStep> steps = {};  // in their order; of all statements of the string
  GatewayCommand gateway = {};
  std::string setting = {};                 // SET, RESET or SHOW: the parameter's name, lower case
  std::string prepared_name = {};           // PREPARE, EXECUTE, EXPLAIN EXECUTE, DEALLOCATE: the name; empty for ALL
  std::string gid = {};                     // of a two-phase commit: PREPARE TRANSACTION, COMMIT and ROLLBACK PREPARED
  InnerTraits prepared = {};                // of a single PREPARE: what its EXECUTE will do
  bool has_plain_arguments = false;         // of a single EXECUTE or EXPLAIN EXECUTE: constants and parameters only
  std::vector<std::string> statement_names = {};  // prepared statements named anywhere, by EXPLAIN EXECUTE too; sorted
  bool drops_statements = false;            // DEALLOCATE ALL, DISCARD ALL
  bool shows_statements = false;            // looks at pg_prepared_statements
  std::vector<std::string> relations = {};  // as written, "schema.name" if qualified; sorted, each once

  // The same text with other literals may have other traits. Only statements that are known not to look at theirs are
  // without: a wrong `true` costs a parse, a wrong `false` a wrong route.
  bool depends_on_literals = true;

  // Which CatalogFacts these traits were made with; 0: they would be the same with any.
  std::uint64_t catalog_stamp = 0;
  bool names_unlisted = false;  // it names something those facts do not hold: perhaps they are out of date

  bool operator==(const Traits&) const = default;
  // Where it may run is for the statement prepared under `prepared_name` to say.
  bool stands_for_prepared() const {
    return has_plain_arguments && (kind == StatementKind::execute || kind == StatementKind::explain);
  }
  const StatementRow& row() const { return row_of(kind); }
  bool is_gateway_command() const { return gateway.kind != GatewayCommandKind::none; }
};

inline bool InnerTraits::operator==(const InnerTraits& other) const {
  return traits == other.traits || (traits != nullptr && other.traits != nullptr && *traits == *other.traits);
}

// Shared: the cache may drop an entry while a session or a prepared statement still uses it.
using TraitsPtr = std::shared_ptr<const Traits>;

}  // namespace howdah
