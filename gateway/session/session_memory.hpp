// What a session remembers between two events, one struct for each subject, and the small shapes its steps hand to one
// another. Plain values without behaviour: session_core.hpp lists the steps that read and write them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "base/instant.hpp"
#include "base/result.hpp"
#include "gateway/session/database_catalog.hpp"
#include "gateway/session/reply_ledger.hpp"
#include "gateway/session/scratch.hpp"
#include "gateway/session/session_settings.hpp"
#include "gateway/session/settings_journal.hpp"
#include "gateway/session/statement_catalog.hpp"
#include "gateway/session/statement_statistics.hpp"
#include "gateway/session/text_table.hpp"
#include "gateway/session/transaction_log.hpp"
#include "gateway/wire/parameter_status.hpp"
#include "health/commit_doubt.hpp"
#include "sql_router/freshness.hpp"
#include "sql_router/login_change.hpp"
#include "sql_router/router.hpp"

namespace howdah::session {

// What the owed answers of injected messages mean (Owed::tag of a query).
enum class Injected : std::uint64_t { none, settings, restored, begin, drain, sequences, statements, own_name, xid, commit, state };

// Owed::tag of the Parse of an unnamed statement: this and its serial number. Other statements have catalog numbers.
constexpr std::uint64_t kUnnamedTag = std::uint64_t{1} << 63;
// ... of what makes a client's name exist on a server connection, or not: this and the statement's number.
constexpr std::uint64_t kNameTag = std::uint64_t{1} << 62;
// ... of an Execute or Query that is the client's DEALLOCATE.
constexpr std::uint64_t kDropTag = std::uint64_t{1} << 61;
// ... of the Describe of a portal.
constexpr std::uint64_t kPortalTag = std::uint64_t{1} << 60;
// Whether the answers that did not come are known but for how it ended.
bool is_tellable(std::span<const Owed> owed);  // commit_doubt.cpp

constexpr PinReasons reasons(std::initializer_list<PinReason> several) {
  PinReasons all;
  for (const PinReason one : several) all.add(one);
  return all;
}

// What ties a session only as long as its connection lives: without it, the server itself says that the state is gone.
constexpr PinReasons kLoosely = reasons({PinReason::sequence_state});

// Those of `all` that are in `some`, and those that are not.
constexpr PinReasons within(PinReasons all, PinReasons some) {
  for (std::size_t i = 0; i < kPinReasonCount; ++i)
    if (!some.has(static_cast<PinReason>(i))) all.remove(static_cast<PinReason>(i));
  return all;
}
constexpr PinReasons without(PinReasons all, PinReasons some) {
  for (std::size_t i = 0; i < kPinReasonCount; ++i)
    if (some.has(static_cast<PinReason>(i))) all.remove(static_cast<PinReason>(i));
  return all;
}

// Whether they keep a session on its server connection until something ends them.
constexpr bool tie(PinReasons pins) { return !without(pins, kLoosely).is_empty(); }

struct Head {  // of a client message
  char tag = 0;
  std::size_t total = 0;  // with its header
};

struct BatchParse {  // its views are of the input
  std::string_view name;
  std::string_view sql;
  Bytes types;
  TraitsPtr traits;
};

struct ScannedPortal {  // as BatchParse
  std::string_view name;
  bool is_local = false;           // Howdah answers it
  const Traits* traits = nullptr;  // nothing: not known
};

// What is known about an extended batch before any of it is sent.
struct BatchScan {
  bool is_ready = false;      // it ends in Sync or Flush, or is too large to wait for its end
  bool is_oversized = false;  // not all of it was seen
  bool is_ended = false;      // by Sync
  bool has_server_part = false;
  bool has_local_part = false;
  bool is_preparing_only = false;  // nothing but Parse of named statements, then Sync
  bool binds_named = false;        // a statement that has a name
  bool leaves_portal = false;      // one that may be run again later
  std::vector<TraitsPtr> held;         // keeps alive what `traits` points to
  std::vector<const Traits*> traits;   // of each statement parsed, bound or described
  std::vector<const Traits*> run;      // of each one bound: what is only parsed or described does nothing
  std::vector<BatchParse> parsed;
  std::vector<ScannedPortal> bound;
  std::string begin;                   // the text of the BEGIN that is the first one bound
  std::vector<const Traits*> executed;  // in order; nothing: not known
  std::size_t executed_to = 0;          // where the last Execute ends, in bytes
  std::size_t until_last = 0;           // bytes up to the end of the Execute before that; less what has been sent
};

struct UnnamedStatement {
  std::uint64_t serial = 0;  // 0: none
  std::string sql;
  std::string types;         // as in Parse
  TraitsPtr traits;
};

// The unnamed statement in whose place a Parse in flight puts another one.
struct ReplacedUnnamed {
  std::uint64_t by = 0;          // that one's serial number
  std::uint64_t on_server = 0;   // Backend::unnamed_serial before it
  UnnamedStatement statement;
};

struct ChangingPortal {  // bound to PREPARE or DEALLOCATE
  std::string portal;
  Owed change;
};

struct LocalStatement {  // its views last as long as the statement
  std::string_view sql;
  std::string_view types;  // as in Parse
  TraitsPtr traits;
};

struct LocalPortal {
  std::string sql;
  TraitsPtr traits;
  std::optional<TextTable> table;
  std::size_t rows_sent = 0;
};

// From the client.
struct ClientInput {
  ByteQueue held;                      // sent by the client, not looked at yet
  std::size_t stream_left = 0;         // of a message that is passed on, or discarded, as it comes
  bool is_stream_discarded = false;
  bool is_discarding = false;          // everything up to Sync, after an error of ours
  bool is_sync_held = false;           // a Sync inside COPY, which counts only if the COPY has failed
  std::optional<Error> pending_error;  // for the request that comes next
  ByteQueue rest;         // a Query of what follows a local statement in the client's string
  std::string next_rest;  // becomes `rest` after the message at hand
};

// What follows when a connection is drained.
enum class AfterDrain : std::uint8_t { leave, rerun_elsewhere, rerun_here };

// The answers that are coming from the server.
struct Answer {
  bool is_flush_sent = false;         // by us, and nothing was sent behind it
  bool is_draining = false;
  AfterDrain after_drain = AfterDrain::leave;
  std::vector<char> withheld;         // the beginning of an answer that may still be replaced
  Bytes withheld_run{};               // the same, in the chunk at hand
  std::size_t last_word = 0;          // where in `withheld` the last CommandComplete begins, of a Query that is wrapped
  bool is_mid_message = false;        // the client has got a part of a message
  std::uint64_t rows = 0;             // so far; for SHOW POOL_STATEMENTS
};

// "terminating connection due to administrator command": its server shuts down, or somebody has ended this connection.
struct LastWord {
  NodeId node;
  Epoch epoch;  // when it came
  Instant at;
};

// A primary that has been closed for writes has refused one (closed_primary.hpp).
struct Refusal {
  NodeId node;
  Epoch epoch;  // when it came
  Instant since;  // the first for what is run again
  bool is_over = false;  // somebody else has been primary since, or nobody
};

// A server that has not gone down for so long after such a word has ended just this connection; one that is still the
// primary so long after a refusal means it so.
constexpr Duration kDownAfterWord = 2s;

// A request that was lost among others that run again.
struct ToldInPlace {
  std::size_t left = 0;       // its place: where so much of Rerun::left is left
  bool is_complete = true;    // else its Sync has not come yet
  std::optional<Error> error = {};  // nothing: the client has got it
};

// Running again what a server has not answered.
struct Rerun {
  ByteQueue retained;                  // bytes of the requests that can be run again
  std::size_t left = 0;                // bytes at the front of ClientInput::held that were sent before
  std::vector<ToldInPlace> told;       // in order
  int retry_count = 0;                 // because of errors
  int loss_count = 0;                  // because of lost connections
  bool is_primary_forced = false;
  std::optional<NodeId> avoided_node;
  std::optional<LastWord> word;        // of the server that was lost; it is not known yet what it means
  std::optional<Refusal> refusal;      // of the request in front
};

struct Transaction {
  std::string deferred_begin;
  std::string sent_begin;             // it was sent, and none of the transaction's requests has been answered
  std::string movable_begin;          // of a transaction that is open on a standby and may begin anew on the primary
  std::string read_only_begin;        // of a READ ONLY one that is open on a standby, which has done nothing there but read
  bool has_left_standby = false;      // what it reads now must not be older than what it has read there
  bool is_read_only = false;
  bool is_serializable = false;
  bool is_read_committed = false;     // each statement has a snapshot of its own
  bool is_plain = false;              // BEGIN asked for nothing a standby would refuse, nor for one snapshot
  bool is_statement_open_ended = false;  // a batch up to a Flush: what follows is not known
  bool has_written = false;
  bool may_have_notified = false;     // NOTIFY, or what may hide it, which has its id in COMMIT only
  PinReasons pinned;                  // what has tied the session first in this transaction
  PinReasons chained;                 // what has before COMMIT AND CHAIN
  bool may_unpin = false;             // a statement of it may have taken away what ties the session
  bool is_xid_asked = false;          // of the transaction that is being committed
  bool is_commit_refused = false;     // a cancel has met the question for it: the client has been told
  CommitDoubt doubt;
  std::string chained_begin;          // BEGIN of what COMMIT AND CHAIN, which is in doubt, begins
  std::vector<Owed> doubtful;         // what was owed when the connection was lost in COMMIT
  bool is_failed = false;             // emulated
  bool is_failure_told = false;
  TransactionStatus told_status = TransactionStatus::idle;  // in the last ReadyForQuery the client got
  bool is_default_read_only = false;
  bool is_read_only_at_login = false;  // so the server said then: its role or database, if not somebody else, makes it so
  bool is_default_serializable = false;
  bool is_default_read_committed = true;
};

// Running the open transaction again on another server.
struct Replay {
  struct NameChange {  // of a prepared statement, in this transaction; null: the name stood for nothing
    std::string name;
    PreparedStatementPtr before;
    PreparedStatementPtr after;
  };

  TransactionLog log;
  std::vector<NameChange> names;
  std::uint64_t newest_unnamed = 0;    // when the transaction began
  bool is_old_unnamed_used = false;    // the one of then
  int losses = 0;                      // of servers, in this transaction
  std::optional<Instant> since;        // the first loss; a value until everything the client was shown has come again
  NodeId lost_node{};
  Epoch lost_epoch{};
  bool was_on_replica = false;
  bool was_ended_by_word = false;      // the server said that it shuts down, or somebody has ended this one connection
  // The first request whose answer the client has not got whole.
  bool is_answer_owed = false;         // there was one
  bool is_whole = false;               // its Query or Sync had been sent
  bool is_error_told = false;
  bool commits = false;
};

// Of the database's catalog.
struct CatalogMemory {
  CatalogUse use;
  CatalogChange change = CatalogChange::none;  // made by statements whose transaction is not over
  std::vector<LoginChange> login_changes;      // the same
  std::vector<std::string> unproven;   // texts that pin only because no snapshot of the catalog told what they do
  std::uint64_t unproven_stamp = 0;    // of what was known when the last of them was judged
  std::uint64_t unproven_as_of = 0;    // how many changes there had been then
  bool is_pin_unproven = false;        // one of them was sent, and nothing else has made the session opaque
};

// A statement is about to be sent.
void note_login_changes(CatalogMemory& memory, const Traits& traits, std::string_view sql);

// The session's own writes, which its reads must see.
struct Written {
  bool by_session = false;
  bool in_transaction = false;
  WrittenObjects objects;              // kept for dml_adaptive only
  std::optional<Instant> at;
  std::optional<Lsn> bound;
  FreshnessDemand admitted;            // of what was sent to the replica in use
};

struct Sequences {
  bool are_foreign = false;            // the server connection may hold what others have left for currval and lastval
  bool is_reader = false;              // this user has called currval or lastval
  std::size_t readers_seen = 0;        // how many there were when that was looked up
  bool may_be_asked = false;           // rows were added on the connection, by a user who may yet come to ask
  Instant next_look{};                 // whether somebody waits for the connection
  std::optional<Instant> wanted_since; // seen before each statement
  BackendId written_on{};              // the connection with the newest values; none: the client has discarded them
};

struct SettingsMemory {
  SettingsJournal journal;
  CarriedSettingsPtr if_committed;  // what the transaction whose connection was lost last has made of them, should it be committed
  SessionSettings own;                       // of the gateway itself
  std::optional<SessionSettings> outer_own;  // to return to at the end of the transaction
  int settling = 0;                    // Queries of ours that set them and are not answered
  std::vector<TraitsPtr> executed;     // of the Executes in flight whose statements have steps; Owed::tag is the place
  std::map<std::string, TraitsPtr, std::less<>> portals;  // of those statements, not executed yet
  bool has_steps_in_flight = false;
  wire::ParameterSet told;             // what the client believes
  wire::ParameterSet of_startup;       // ... and was told at the welcome, of what its startup packet asked for
  std::pair<std::uint64_t, std::uint64_t> reconciled;  // fingerprints: a server's set and `told`, with nothing to tell
};

// Prepared statements, of the protocol and of SQL.
struct Prepared {
  std::map<std::string, PreparedStatementPtr, std::less<>> statements;  // by the client's names
  std::string scope;                   // of the statement catalog, but for the schema's changes
  std::optional<Instant> later_at;     // the batch at hand can be answered here from then on
  std::vector<PreparedStatementPtr> closed;  // in a batch that is not answered yet
  UnnamedStatement unnamed;
  std::vector<ReplacedUnnamed> replaced_unnamed;  // in a batch that is not answered yet
  bool has_sql_statements = false;     // some of them may have been made by PREPARE
  bool has_unsettled_names = false;    // a request in flight may change what names stand for
  std::vector<PreparedStatementPtr> preparing;  // by each PREPARE that is not answered yet
  std::vector<ChangingPortal> changing_portals;
  std::string told_instead;            // an error of what was put in before a Query: the client gets it for the Query's
};

// What Howdah itself answers.
struct LocalAnswers {
  std::map<std::string, LocalPortal, std::less<>> portals;
  std::optional<Result<TextTable>> answer;
  bool is_answer_void = false;         // who asked has been told that its server is lost
  bool is_batch_open = false;          // messages of a batch were answered here, its Sync was not
};

// For SHOW POOL_STATEMENTS.
struct CountedPortals {
  StatementStatistics::Handle unnamed = 0;
  std::map<std::string, StatementStatistics::Handle, std::less<>> portals;
};

// Clocks; a value only while the thing lasts.
struct Since {
  std::optional<Instant> waiting;
  std::optional<Instant> told_waiting;  // the waiting the client was sent a NOTICE about
  std::optional<Instant> retry_at;
  std::optional<Instant> busy;
  std::optional<Instant> transaction;
  std::optional<Instant> idle;
  std::optional<Instant> unended;      // the client has sent a part of a batch, and nothing since
  Duration waited{};                   // for server connections, of the request at hand
};

// A client that says no more than this of a batch is heard without its end: PostgreSQL would tell it of an error by now.
constexpr Duration kSilence = 200ms;
constexpr bool is_silent(const Since& since, Instant now) { return since.unended && *since.unended + kSilence <= now; }

}  // namespace howdah::session
