// The inside of a Session: its memory and its steps. Each group of functions below lives in the .cpp file named above it.
// Every on() goes: the event changes what is known (session.cpp), then advance() consumes what the client has sent as
// far as it can go now (client_input.cpp), then settle() gives back what is not needed (lease.cpp).
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/session/request.hpp"
#include "gateway/session/scratch.hpp"
#include "gateway/session/session.hpp"
#include "gateway/session/session_overrides.hpp"
#include "gateway/session/settings_journal.hpp"
#include "gateway/wire/client_messages.hpp"
#include "gateway/wire/error_response.hpp"
#include "sql_router/router.hpp"

namespace howdah {

// What the owed answers of injected messages mean (Owed::tag of a query).
enum class Injected : std::uint64_t { none, settings, restored, begin, drain, sequences, statements, xid };

// Owed::tag of the Parse of an unnamed statement: this and its serial number. Other statements have catalog numbers.
constexpr std::uint64_t kUnnamedTag = std::uint64_t{1} << 63;
// ... of what makes a client's name exist on a server connection, or not: this and the statement's number.
constexpr std::uint64_t kNameTag = std::uint64_t{1} << 62;
// ... of an Execute or Query that is the client's DEALLOCATE.
constexpr std::uint64_t kDropTag = std::uint64_t{1} << 61;

// ... of the Describe of a portal.
constexpr std::uint64_t kPortalTag = std::uint64_t{1} << 60;

class SessionCore {
 public:
  SessionCore(ClientIdentity identity, const SessionOptions& options, Surroundings& surroundings);

  void on(const session::Event& event, Instant now, Actions<session::Action>& out);
  bool wants_client_bytes() const;
  std::optional<Instant> next_deadline() const;
  SessionState state() const { return state_; }
  const ClientIdentity& identity() const { return identity_; }
  const Backend* backend() const { return backend_; }
  std::optional<PinReason> pin_reason() const;  // pins.cpp
  bool is_in_transaction() const { return client_status() != TransactionStatus::idle; }
  std::optional<NodeId> load_balance_node() const { return load_balance_node_; }
  const std::string& last_statement() const { return last_statement_; }
  std::optional<Instant> idle_since() const { return idle_since_; }
  SessionActivity activity() const { return {busy_since_, waiting_since_, prepared_.size()}; }

 private:
  enum class Waiting : std::uint8_t { nothing, lease, node, local, fate };
  enum class Go : std::uint8_t { now, wait };

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

  // What is known about an extended batch before any of it is sent.
  struct BatchScan {
    bool is_ready = false;      // it ends in Sync or Flush, or is too large to wait for its end
    bool is_oversized = false;  // not all of it was seen
    bool is_ended = false;      // by Sync
    bool has_server_part = false;
    bool has_local_part = false;
    bool is_preparing_only = false;  // nothing but Parse of named statements, then Sync
    std::vector<TraitsPtr> held;         // keeps alive what `traits` points to
    std::vector<const Traits*> traits;   // of each statement parsed, bound or described
    std::vector<BatchParse> parsed;
    std::vector<std::pair<std::string_view, bool>> bound;  // portals, and whether Howdah answers them
  };

  struct ChangingPortal {  // bound to PREPARE or DEALLOCATE
    std::string portal;
    Owed change;
  };

  struct LocalPortal {
    std::string sql;
    TraitsPtr traits;
    std::optional<TextTable> table;
    std::size_t rows_sent = 0;
  };

  // session.cpp: the dispatcher
  void handle(const session::LoggedIn& event);
  void handle(const session::ClientBytes& event);
  void handle(const session::ClientGone& event);
  void handle(const session::LeaseGranted& event);
  void handle(const session::LeaseRefused& event);
  void handle(const session::ServerBytes& event);
  void handle(const session::ServerGone& event);
  void handle(const session::ViewChanged& event);
  void handle(const session::LocalAnswer& event);
  void handle(const session::CommitFate& event);
  void handle(const session::CancelAsked& event);
  void handle(const session::Tick& event);
  void handle(const session::ShutDown& event);
  void handle(const session::Evicted& event);
  SessionState derive_state() const;
  void set_state(SessionState next);
  TransactionStatus client_status() const;

  // output.cpp
  void to_client(Bytes bytes);          // borrowed; joined with what directly precedes it
  void to_client_copy(Bytes bytes);     // made here: build_, mostly
  void to_client_ready();
  void to_client_error(const Error& error);
  void flush_run();
  void to_server(Bytes bytes);
  void to_server_copy(Bytes bytes);

  // client_input.cpp
  void advance();
  bool can_consume() const;
  std::size_t consume(Bytes input);
  std::size_t consume_one(Bytes input);
  std::optional<Head> head_of(Bytes input);
  std::size_t pass_stream(Bytes input);
  std::size_t discard_one(Bytes input, Head head);
  std::size_t start_stream(Bytes input, Head head, std::size_t taken, bool is_discarded);
  std::size_t consume_copy(Bytes input, Head head);
  std::size_t consume_function_call(Bytes input, Head head);
  void retain(Bytes bytes);
  void violate(std::string_view what);

  // simple_query.cpp
  std::size_t consume_query(Bytes input, Head head);
  std::size_t answer_query(Bytes message, const TraitsPtr& traits, std::string_view sql);
  void send_query(Bytes message, const TraitsPtr& traits, bool is_whole, Owed owed);

  // batch.cpp, batch_scan.cpp
  std::size_t consume_extended(Bytes input, Head head);
  bool scan_batch(Bytes input);
  bool scan_message(Bytes message, Head head);
  void scan_traits(const TraitsPtr& traits);
  bool is_answered_here(const Traits& traits) const;
  TraitsPtr traits_of_statement(std::string_view name);
  bool is_local_portal(std::string_view name) const;
  Go open_batch(Bytes input);
  bool batch_needs_clean_sequences() const;
  void fail_batch(const Error& error);
  void drop_open_request();
  std::size_t forward_extended(Bytes input, Head head);
  std::size_t forward_parse(Bytes input, Head head);
  std::size_t forward_large_parse(Bytes input, Head head);
  std::size_t forward_bind(Bytes input, Head head);
  std::size_t forward_target(Bytes message, Head head);
  std::size_t forward_close(Bytes message, const wire::TargetName& target);
  std::size_t forward_sync(Bytes message);
  bool leave_replica_for(const Traits& traits);
  bool make_names_in_batch(std::string_view statement);

  // statement_notes.cpp
  void note_sent(StatementKind kind, std::string_view sql);
  void note_asked(std::string_view sql);
  void note_bound(std::string_view name, std::string_view portal);

  // statement_counting.cpp
  Owed counted(Owed owed, StatementStatistics::Handle statement) const;
  void count_portal(std::string_view portal, const TraitsPtr& traits, std::string_view sql);
  StatementStatistics::Handle statement_of_portal(std::string_view portal) const;
  void count_answer(char tag, Bytes body);
  void count_ended(const Owed& ended, bool has_failed);

  // traffic.cpp
  void note_assigned();
  void note_answered(TransactionStatus status);

  // pins.cpp
  void note_statement(const Traits& traits);
  void take_pins_away(const Request& request);

  // catalog_use.cpp
  const CatalogFacts& facts_in_force() const;
  TraitsPtr traits_of(std::string_view sql);
  void refresh(TraitsPtr& traits, std::string_view sql);
  void refresh(PreparedStatement& statement);
  void note_catalog_change(const Traits& traits);
  void on_command_complete();
  void tell_catalog_change();
  void note_unproven_pin(const Traits& traits);
  void prove_pins();

  // prepared.cpp
  bool is_in_doubt(std::string_view client_name, std::uint64_t number) const;
  bool is_in_doubt(std::string_view client_name) const;
  bool is_unnamed_in_doubt() const;
  std::string_view client_name_of(const Owed& failed) const;
  Bytes with_client_name(Bytes message, const Owed& failed);
  std::string_view server_name(std::string_view client_name, Owed& owed);
  void ensure_prepared(const PreparedStatement& statement);
  bool ensure_unnamed();
  void make_room();
  void refuse_statement(const Error& error);
  void undo(const Owed& dropped);
  void undo_unnamed(const Owed& dropped);
  void undo_failed(const Owed& failed, std::string_view sqlstate);
  PreparedStatementPtr statement_of(const Owed& owed) const;
  PreparedStatementPtr intern(std::string_view sql, Bytes types, const TraitsPtr& traits);
  void retire_statement(std::uint64_t number);
  void forget_statements();
  std::string statement_scope() const;
  void note_schema_change();

  // begin_deferral.cpp
  bool answer_transaction_control(const Traits& traits, std::string_view sql);
  bool can_defer(const Traits& traits) const;
  void send_deferred_begin();
  bool defer_modes(const Traits& traits, std::string_view sql);
  bool is_transaction_movable() const;
  void leave_standby();
  void note_transaction(const Traits& traits);
  void on_transaction_end();

  // settings_carry.cpp
  bool has_wrong_settings() const;
  void bring_settings();
  Go settle_settings(bool may_follow);
  void on_settings_refused(const wire::ErrorView& error);
  void reconcile_parameters();
  void inject_query(std::string_view sql, Injected what);
  void on_parameter_status(Bytes message, Bytes body);

  // settings_steps.cpp
  void note_steps(Request& request, const Traits& traits);
  void note_portal(std::string_view portal, std::string_view statement);
  std::uint64_t take_portal(std::string_view portal);
  void note_done(char tag, Bytes body);
  void take_steps(const Traits& traits, std::uint32_t statement, std::string_view tag);
  void note_new_settings();

  // sequences.cpp
  void look_for_sequences();
  bool needs_clean_sequences(const Traits& traits) const;
  void discard_sequences();
  void note_sequences(const Traits& traits);
  PinReasons pins_of(const Traits& traits);

  // freshness.cpp
  void note_write();
  void note_complete();
  void note_written_objects(const Traits& traits);
  ReadConsistency consistency() const;
  void add_freshness(const Traits& traits, SessionFacts& known) const;
  void remember_freshness(const SessionFacts& known, const Decision& decision);
  bool may_follow_on_replica(const Traits& traits) const;
  std::optional<Lsn> own_position();
  std::optional<Result<TextTable>> answer_own_setting(const GatewayCommand& command);

  // lease.cpp
  Go admit(const Traits& traits) { return admit(traits, may_follow_settings(traits)); }
  Go admit(const Traits& traits, bool may_follow);
  static bool may_follow_settings(const Traits& traits);
  bool may_pipeline(const Traits& traits) const;
  SessionFacts facts(const Traits& traits) const;
  Decision choose(const Traits& traits);
  bool use_node(NodeId node);
  void park_backend();
  void return_backend(session::LeaseEnd end);
  void wait_for_node(ErrorCode code);
  void settle();
  bool owes() const { return backend_ != nullptr && !backend_->ledger.is_empty(); }
  bool may_leave_backend() const;
  bool is_status_certain() const;

  // relay.cpp
  void relay(Bytes chunk);
  bool relay_rows(Bytes& chunk);
  void relay_piece(const wire::Piece& piece);
  void relay_message(char tag, Bytes message, Bytes body);
  void relay_answer(char tag, Bytes message, Bytes body);
  void relay_error(Bytes message, Bytes body);
  void relay_aside(char tag, Bytes message, Bytes body);
  void relay_start_of_stream(const wire::Piece& piece);
  void emit_answer(char tag, Bytes message);
  void release_withheld();
  void keep_withheld();
  void drop_withheld();
  void note_error(Request& request, std::string_view sqlstate);
  void take_locals();
  void finish_request();
  void on_voided_syncs();

  // failure.cpp
  void lose_backend(std::optional<NodeFailure> evidence, bool is_gone);
  bool can_rerun_all() const;
  bool should_rerun(std::string_view sqlstate) const;
  void rerun_after_error(std::string_view sqlstate);
  void requeue();
  void finish_drain();
  void answer_lost_requests();
  Error lost_error(bool is_unknown);
  void remember_refusal();
  void remember_refused_statement(std::string_view name);
  void fail_transaction(const Error& error);
  std::size_t fail_pending(Bytes input, Head head);
  Error failed_error();
  void end_failed();

  // commit_doubt.cpp
  bool is_commit_looked_up(const Traits& traits) const;
  bool must_learn_xid(const Traits& traits);
  void ask_xid_with(const Traits& traits);
  void ask_xid();
  bool is_xid_answer() const;
  void note_xid(Bytes row);
  bool look_up_commit(std::span<const Owed> owed);
  void answer_committed(std::span<const Owed> owed);
  static Error not_committed_error();

  // local_answers.cpp
  bool is_local(const Traits& traits) const;
  bool answer_local_query(const TraitsPtr& traits, std::string_view sql);
  std::size_t consume_local(Bytes input, Head head);
  bool local_parse(Bytes body);  // these: false if an answer must be waited for
  bool local_bind(Bytes body);
  bool local_describe(Bytes body);
  bool local_execute(Bytes body);
  void local_close(Bytes body);
  void local_done(wire::ServerTag tag);
  void fail_local(const Error& error);
  static Error no_portal(std::string_view name);
  bool has_local_table(LocalPortal& portal);
  std::optional<Result<TextTable>> ask(const Traits& traits, std::string_view sql);
  TextTable explain(const Traits& traits, std::string_view sql);
  TraitsPtr explained_statement(const GatewayCommand& command, std::string_view sql);
  std::vector<std::uint32_t> parameter_types(std::string_view sql, std::string_view types) const;

  // local_in_batch.cpp
  bool is_local_message(Bytes input, Head head);
  std::size_t consume_local_in_batch(Bytes input, Head head);
  void forget_local_portal(std::string_view name);

  // pgpool_set.cpp
  Result<TextTable> change_parameter(const GatewayCommand& command);
  void keep_up_overrides();
  const RoutingOptions& routing() const;
  StatementLog statement_log() const;
  Duration client_idle_limit() const;

  // welcome.cpp
  void start();
  void start_check();
  void finish_start();
  void welcome(const wire::ParameterSet& parameters);
  void refuse_start(Bytes error_body);

  // leave.cpp
  void leave(CloseReason reason);
  void close_with(const Error& error, CloseReason reason);
  void release_all();

  // sql_prepared.cpp
  TraitsPtr traits_in_force(const TraitsPtr& traits);
  const Traits* traits_in_force_of(const Traits& traits) const;
  bool looks_at_names(const Traits& traits) const;
  void make_names_for_query(const Traits& traits);
  void make_names(const Traits& traits);
  void make_name(const std::string& name);
  void drop_name(const std::string& name);
  void drop_names();
  void run_prepare(const std::string& name, const PreparedStatement& statement);
  void owe_for_name(AnswerKind kind, const std::string& name, std::uint64_t number);
  void undo_name(const Owed& dropped);
  void make_own_names();
  void leave_names_to_server();
  void expect_change(const Traits& traits, std::string_view sql, Owed& owed);
  void apply_change(const Owed& done);
  void note_changing_portal(std::string_view portal, std::string_view statement);
  Owed owed_for_execute(std::string_view portal);

  // prepare_later.cpp
  std::optional<Instant> prepare_later_time() const;
  bool is_time_to_prepare_later();
  void stop_waiting_to_prepare();
  void note_accepted(const Owed& owed);

  // deadlines.cpp
  std::optional<Instant> deadline_of(ErrorCode code) const;
  void check_deadlines();
  void touch_clocks();
  static std::string limit_text(ErrorCode code);

  ClientIdentity identity_;
  const SessionOptions& options_;
  Surroundings& env_;
  TrafficCounters& traffic_;

  std::unique_ptr<SessionOverrides> overrides_;  // of PGPOOL SET; null: none

  // For the time of one on().
  Instant now_{};
  Actions<session::Action>* out_ = nullptr;
  Scratch scratch_;
  Bytes run_{};         // bytes for the client that are not an action yet
  std::string build_;   // a message being made

  SessionState state_ = SessionState::starting;
  Waiting waiting_ = Waiting::nothing;
  bool is_starting_ = true;
  bool is_closed_ = false;
  bool is_shutting_down_ = false;

  // From the client.
  ByteQueue held_;                     // sent by the client, not looked at yet
  std::size_t stream_left_ = 0;        // of a message that is passed on, or discarded, as it comes
  bool is_stream_discarded_ = false;
  bool is_discarding_ = false;         // everything up to Sync, after an error of ours
  bool is_sync_held_ = false;          // a Sync inside COPY, which counts only if the COPY has failed
  std::optional<Error> pending_error_;  // for the request that comes next

  // At the server.
  Backend* backend_ = nullptr;
  std::vector<Backend*> kept_;         // session mode: those of other nodes
  bool is_fresh_lease_ = false;        // granted for the request that waits; not used yet
  bool is_on_replica_ = false;
  bool has_foreign_sequences_ = false;  // it may hold what others have left for currval and lastval
  NodeId wanted_node_{};
  RequestQueue requests_;
  ByteQueue retained_;                 // bytes of `requests_` that can be run again
  bool is_batch_open_ = false;         // messages of an extended batch were sent, its Sync was not
  bool is_local_batch_ = false;        // the same, answered here
  bool is_flush_sent_ = false;         // by us, and nothing was sent behind it
  bool is_draining_ = false;
  bool is_rerun_after_drain_ = false;
  std::vector<char> withheld_;         // the beginning of an answer that may still be replaced
  Bytes withheld_run_{};               // the same, in the chunk at hand
  bool is_mid_message_ = false;        // the client has got a part of a message

  // Running again.
  int retry_count_ = 0;                // because of errors
  int loss_count_ = 0;                 // because of lost connections
  bool is_primary_forced_ = false;
  std::optional<NodeId> avoided_node_;
  std::size_t rerun_left_ = 0;         // bytes at the front of held_ that were sent before

  // Transaction.
  std::string deferred_begin_;
  std::string sent_begin_;             // it was sent, and none of the transaction's requests has been answered
  bool is_transaction_read_only_ = false;
  bool is_transaction_serializable_ = false;
  bool is_transaction_plain_ = false;  // BEGIN asked for nothing a standby would refuse, nor for one snapshot
  std::string movable_begin_;          // of a transaction that is open on a standby and may begin anew on the primary
  bool is_statement_open_ended_ = false;  // a batch up to a Flush: what follows is not known
  bool has_transaction_written_ = false;
  bool is_xid_asked_ = false;          // of the transaction that is being committed
  CommitDoubt doubt_;
  std::vector<Owed> doubtful_;         // what was owed when the connection was lost in COMMIT
  bool is_failed_ = false;             // emulated
  bool is_failure_told_ = false;
  TransactionStatus told_status_ = TransactionStatus::idle;  // in the last ReadyForQuery the client got
  PinReasons pins_;

  // Routing.
  CatalogUse catalog_;
  CatalogChange catalog_change_ = CatalogChange::none;  // made by statements whose transaction is not over
  std::vector<std::string> unproven_;  // texts that pin only because the catalog was being read again
  std::uint64_t unproven_as_of_ = 0;   // how many changes there had been then
  bool is_pin_unproven_ = false;       // one of them was sent, and nothing else has made the session opaque
  std::optional<NodeId> load_balance_node_;
  bool has_written_ = false;
  bool has_written_in_transaction_ = false;
  WrittenObjects written_objects_;     // kept for dml_adaptive only
  std::optional<Instant> wrote_at_;
  std::optional<Lsn> read_bound_;
  SessionSettings own_settings_;
  std::optional<SessionSettings> outer_own_settings_;  // to return to at the end of the transaction
  ReadConsistency admitted_consistency_ = ReadConsistency::eventual;  // of what was sent to the replica in use
  bool is_sequence_reader_ = false;    // this user has called currval or lastval
  std::size_t sequence_readers_seen_ = 0;  // how many there were when that was looked up
  bool is_default_read_only_ = false;
  bool is_default_serializable_ = false;
  bool is_default_read_committed_ = true;

  std::string last_statement_;         // sent to a server, cut
  RouteReason route_reason_ = RouteReason::read;  // of the newest decision

  // For SHOW POOL_STATEMENTS.
  StatementStatistics::Handle bound_statement_ = 0;  // of the unnamed portal
  std::map<std::string, StatementStatistics::Handle, std::less<>> bound_portals_;
  std::uint64_t answer_rows_ = 0;      // of the answer that is coming

  // Prepared statements, of the protocol and of SQL.
  std::map<std::string, PreparedStatementPtr, std::less<>> prepared_;
  std::string statement_scope_;        // of the catalog, but for the schema's changes
  std::optional<Instant> prepare_later_at_;  // the batch at hand can be answered here from then on
  std::vector<PreparedStatementPtr> closed_;  // in a batch that is not answered yet
  std::string unnamed_sql_;
  std::string unnamed_types_;
  TraitsPtr unnamed_traits_;
  std::uint64_t unnamed_serial_ = 0;   // 0: none
  bool has_sql_statements_ = false;    // some of them may have been made by PREPARE
  PreparedStatementPtr preparing_;     // by the PREPARE that is being run
  std::vector<ChangingPortal> changing_portals_;
  std::string told_instead_;           // an error of what was put in before a Query: the client gets it for the Query's
  bool has_changed_schema_ = false;    // in this transaction
  bool has_unsettled_names_ = false;   // a request in flight may change what names stand for
  BatchScan scan_;

  // Local answers.
  std::map<std::string, LocalPortal, std::less<>> local_portals_;
  std::optional<Result<TextTable>> local_answer_;
  bool is_local_answer_void_ = false;  // who asked has been told that its server is lost
  ByteQueue rest_;         // a Query of what follows a local statement in the client's string
  std::string next_rest_;  // becomes rest_ after the message at hand

  // What the client believes.
  wire::ParameterSet told_;
  std::pair<std::uint64_t, std::uint64_t> reconciled_;  // fingerprints: a server's set and told_, with nothing to tell

  // Settings.
  SettingsJournal settings_;
  int settling_ = 0;                   // Queries of ours that set them and are not answered
  std::vector<TraitsPtr> executed_;    // of the Executes in flight whose statements have steps; Owed::tag is the place
  std::map<std::string, TraitsPtr, std::less<>> portals_;  // of those statements, not executed yet
  bool has_steps_in_flight_ = false;

  // Clocks; a value only while the thing lasts.
  std::optional<Instant> waiting_since_;
  std::optional<Instant> retry_at_;
  std::optional<Instant> busy_since_;
  std::optional<Instant> transaction_since_;
  std::optional<Instant> idle_since_;
  Duration waited_{};                  // for server connections, of the request at hand
  ErrorCode wait_error_ = ErrorCode::no_primary;
};

}  // namespace howdah
