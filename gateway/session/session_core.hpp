// The inside of a Session: its steps, each group in the .cpp file named above it. What they remember: session_memory.hpp.
// Every on() goes: the event changes what is known (session.cpp), then advance() consumes what the client has sent as
// far as it can go now (client_input.cpp), then settle() gives back what is not needed (lease.cpp).
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "gateway/session/request.hpp"
#include "gateway/session/scratch.hpp"
#include "gateway/session/session.hpp"
#include "gateway/session/session_memory.hpp"
#include "gateway/session/session_overrides.hpp"
#include "gateway/wire/client_messages.hpp"
#include "gateway/wire/error_response.hpp"
#include "sql_router/router.hpp"

namespace howdah {

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
  bool is_in_transaction() const { return client_status() != TransactionStatus::idle || is_replaying(); }
  std::optional<NodeId> load_balance_node() const { return load_balance_node_; }
  const std::string& last_statement() const { return last_statement_; }
  std::optional<Instant> idle_since() const { return since_.idle; }
  SessionActivity activity() const { return {since_.busy, since_.waiting, prepared_.statements.size()}; }

 private:
  enum class Waiting : std::uint8_t { nothing, lease, node, local, fate };
  enum class Go : std::uint8_t { now, wait };
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
  std::optional<session::Head> head_of(Bytes input);
  std::size_t pass_stream(Bytes input);
  std::size_t discard_one(Bytes input, session::Head head);
  std::size_t start_stream(Bytes input, session::Head head, std::size_t taken, bool is_discarded);
  std::size_t consume_copy(Bytes input, session::Head head);
  std::size_t consume_function_call(Bytes input, session::Head head);
  void retain(Bytes bytes);
  void violate(std::string_view what);

  // simple_query.cpp
  std::size_t consume_query(Bytes input, session::Head head);
  std::size_t answer_query(Bytes message, const TraitsPtr& traits, std::string_view sql);
  void send_query(Bytes message, const TraitsPtr& traits, bool is_whole, Owed owed);

  // batch.cpp, batch_scan.cpp
  std::size_t consume_extended(Bytes input, session::Head head);
  bool scan_batch(Bytes input);
  bool scan_message(Bytes message, session::Head head);
  void scan_traits(const TraitsPtr& traits);
  bool is_answered_here(const Traits& traits) const;
  TraitsPtr traits_of_statement(std::string_view name);
  bool is_local_portal(std::string_view name) const;
  Go open_batch(Bytes input);
  void note_batch();
  void fail_batch(const Error& error);
  void drop_open_request();
  std::optional<std::size_t> close_batch_before(Bytes input, session::Head head);
  void push_request(Request request);
  std::size_t forward_extended(Bytes input, session::Head head);
  std::size_t forward_parse(Bytes input, session::Head head);
  void refuse_second_parse(const PreparedStatement& statement, const wire::Parse& parse);
  void parse_under_our_name(const std::string& client_name, const PreparedStatement& statement, const wire::Parse& parse);
  std::size_t forward_large_parse(Bytes input, session::Head head);
  std::size_t forward_bind(Bytes input, session::Head head);
  std::size_t forward_target(Bytes message, session::Head head);
  std::size_t forward_close(Bytes message, const wire::TargetName& target);
  std::size_t forward_sync(Bytes message);
  void sync_batch();
  bool make_names_in_batch(std::string_view statement);
  bool make_names_in_batch(const Traits& traits);
  void make_names_for_batch();
  void make_sql_names(bool is_apart);

  // batch_on_replica.cpp
  std::optional<RouteReason> reason_to_leave_replica(const Traits& traits) const;
  bool is_outside_on_replica() const;
  bool leave_replica_for(const Traits& traits);
  bool refuse_behind_flush(const Traits& traits);
  std::optional<std::size_t> divert_from_replica(const Traits& traits, Bytes input, session::Head head);

  // statement_notes.cpp, statement_counting.cpp, traffic.cpp
  void note_sent(StatementKind kind, std::string_view sql);
  void note_asked(std::string_view sql);
  void note_bound(std::string_view name, std::string_view portal);
  Owed counted(Owed owed, StatementStatistics::Handle statement) const;
  void count_portal(std::string_view portal, const TraitsPtr& traits, std::string_view sql);
  StatementStatistics::Handle statement_of_portal(std::string_view portal) const;
  void count_answer(char tag, Bytes body);
  void count_ended(const Owed& ended, bool has_failed);
  void note_assigned();
  void note_answered(TransactionStatus status);

  // failed_transaction.cpp
  bool is_refused_as_failed(const Traits& traits) const;
  bool is_failed_here() const;
  std::size_t way_out_of_failure(const Traits& traits, std::string_view sql) const;
  std::size_t leave_failure_first(Bytes message, std::string_view sql, std::size_t end);
  void drop_what_follows(Request& request);

  // pins.cpp
  void note_statement(const Traits& traits);
  void take_pins_away(const Request& request);
  void settle_pins(const Request& request, TransactionStatus before);

  // state_look.cpp
  void look_at_state();
  void note_state(Bytes row);

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
  void replace_unnamed();
  void drop_unnamed();
  void undo_unnamed(const Owed& dropped, bool has_failed);
  void undo_failed(const Owed& failed, std::string_view sqlstate);
  PreparedStatementPtr statement_of(const Owed& owed) const;
  PreparedStatementPtr intern(std::string_view sql, Bytes types, const TraitsPtr& traits);
  void forget_statements();
  std::string statement_scope() const;

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
  Go settle_settings(bool may_follow, bool only_modes);
  void on_settings_refused(const wire::ErrorView& error);
  void reconcile_parameters();
  void inject_query(std::string_view sql, session::Injected what);
  void on_parameter_status(Bytes message, Bytes body);

  // settings_steps.cpp
  void note_steps(Request& request, const Traits& traits);
  void note_portal(std::string_view portal, std::string_view statement, Bytes parameters);
  TraitsPtr with_bound_values(const TraitsPtr& traits, Bytes parameters);
  std::uint64_t take_portal(std::string_view portal);
  void note_done(char tag, Bytes body);
  void take_steps(const Traits& traits, std::uint32_t statement, std::string_view tag);
  void settle_journal(const Request& request);
  void note_new_settings();
  void keep_settings();

  // resets.cpp
  std::string with_resets_put_right(std::string_view sql, const Traits& traits, Request& request);
  void note_put_back(char tag);
  Bytes with_own_position(Bytes message, const wire::ErrorView& error);
  void put_back_in_batch(std::uint64_t executed);

  // sequences.cpp
  void look_for_sequences();
  bool may_draw_unseen(const Traits& traits) const;
  bool needs_clean_sequences(const Traits& traits) const;
  bool batch_needs_clean_sequences() const;
  void discard_sequences();
  void note_sequences(const Traits& traits);
  bool keeps_only_sequences() const;
  std::optional<Instant> sequence_look_time() const;
  void look_who_waits();
  void yield_before(const Traits& traits);
  void park_backend();
  PinReasons pins_of(const Traits& traits);

  // freshness.cpp
  void note_write();
  void note_complete();
  void note_written_objects(const Traits& traits);
  ReadConsistency consistency() const;
  void add_freshness(const Traits& traits, SessionFacts& known) const;
  void remember_freshness(const SessionFacts& known, const Decision& decision);
  bool asks_for_more(const Traits& traits) const;
  bool may_follow_on_replica(const Traits& traits) const;
  std::optional<Lsn> own_position();
  std::optional<Result<TextTable>> answer_own_setting(const GatewayCommand& command);

  // lease.cpp
  Go admit(const Traits& traits) { return admit(traits, may_follow_settings(traits), sets_only_modes(traits)); }
  Go admit(const Traits& traits, bool may_follow, bool only_modes);
  bool may_pipeline(const Traits& traits) const;
  SessionFacts facts(const Traits& traits) const;
  std::optional<Error> error_on_replica(const Traits& traits) const;
  Decision choose(const Traits& traits);
  bool use_node(NodeId node);
  void return_backend(session::LeaseEnd end);
  session::LeaseEnd way_back(PinReasons left) const;
  bool may_wait_for_node(ErrorCode code);
  void wait_for_node(ErrorCode code);
  void settle();
  bool owes() const { return backend_ != nullptr && !backend_->ledger.is_empty(); }
  bool may_leave_backend() const;

  // relay.cpp
  void relay(Bytes chunk);
  bool relay_rows(Bytes& chunk);
  void note_own_row(Bytes row);
  void relay_piece(const wire::Piece& piece);
  void relay_message(char tag, Bytes message, Bytes body);
  void relay_answer(char tag, Bytes message, Bytes body);
  void relay_error(Bytes message, Bytes body);
  void relay_aside(char tag, Bytes message, Bytes body);
  Bytes with_own_pid(Bytes message);
  void relay_start_of_stream(const wire::Piece& piece);
  void emit_answer(char tag, Bytes message);
  void release_withheld();
  void keep_withheld();
  void drop_withheld();
  void note_error(Request& request, const wire::ErrorView& error);
  void take_locals();
  void finish_request();
  void on_voided_syncs();

  // failure.cpp
  void lose_backend(std::optional<NodeFailure> evidence, bool is_gone);
  bool can_rerun_all() const;
  bool is_uncommitted_to_server() const;
  bool should_rerun(std::string_view sqlstate) const;
  void rerun_after_error(std::string_view sqlstate);
  void drain_and_rerun(std::string_view sqlstate);
  void requeue();
  void forget_requests();
  void finish_drain();
  void end_transaction_within_batch();
  void answer_lost_requests(bool is_copy_unfinished);
  bool answer_lost_end(std::span<const Owed> owed);

  // old_plans.cpp
  bool escape_old_plan(const wire::ErrorView& error);
  bool is_plan_of_others(const wire::ErrorView& error) const;
  void rerun_with_new_plan(std::string_view sqlstate);
  void renew_statement(const PreparedStatementPtr& old);

  // lost_pipeline.cpp
  bool are_requests_apart() const;
  bool can_rerun_some() const;
  void rerun_some(bool is_copy_unfinished);
  void tell_in_place();
  Bytes before_told(Bytes held) const;
  Error lost_error(bool is_unknown);
  void remember_refusal();
  void remember_refused_statement(std::string_view name);
  void fail_transaction(const Error& error);
  std::size_t fail_pending(Bytes input, session::Head head);
  Error failed_error();
  Result<std::string_view> end_failed(TransactionControl control);

  // last_word.cpp
  void note_word(std::string_view sqlstate);
  std::optional<Decision> choose_after_word();
  std::optional<Instant> word_deadline() const;
  void end_as_server_tells(Bytes message, std::optional<NodeFailure> evidence);
  void end_as_told();

  // commit_doubt.cpp
  bool is_commit_looked_up(const Traits& traits) const;
  bool must_learn_xid(const Traits& traits);
  void ask_xid_with(const Traits& traits);
  void ask_xid(TransactionControl before = TransactionControl::commit, std::string_view gid = {});
  void note_xid(Bytes row);
  void on_xid_refused(Bytes message, std::string_view sqlstate);
  bool look_up_commit(std::span<const Owed> owed);
  void chain_transaction(bool is_lost);
  bool run_second_phase_again();
  void answer_ended(std::span<const Owed> owed, std::string_view tag);

  // wrapped_write.cpp
  bool may_wrap() const;
  bool must_wait_to_wrap(bool is_write, bool is_end) const;
  bool wraps(bool is_write) const;
  bool wraps_end(bool is_end, bool may_write) const;
  bool hold_wrapped(char tag, Bytes message);
  bool learn_xid_in_batch();
  void end_wrapped(Bytes ready);
  void fail_wrapped(Bytes message);
  void finish_wrapped(Bytes ready);
  bool look_up_wrapped(std::span<const Owed> owed);

  // transaction_log_keeping.cpp
  void open_log(std::span<const Traits* const> statements, bool is_wrapped);
  void close_log();
  void log_statement(Request& request, const Traits& traits);
  void log_name(std::string_view name);
  void log_unnamed_use();
  void give_up_replay(ReplayObstacle obstacle);
  Bytes shown(Bytes answer);
  bool log_end_of_request();

  // transaction_replay.cpp
  bool is_replaying() const { return replay_ != nullptr && replay_->since.has_value(); }
  bool may_send_next() const { return !is_replaying() || replay_->log.may_send(requests_.size()); }
  bool start_replay(NodeId lost, std::optional<NodeFailure> evidence, bool is_not_committed);
  bool is_replay_possible(bool is_not_committed) const;
  bool should_replay(std::string_view sqlstate) const;
  void finish_replay();
  bool must_abandon_replay() const;
  bool may_abandon_replay() const;
  void abandon_replay(std::optional<Error> error);
  void end_begun_request(const std::optional<Error>& error);
  void cancel_replay();
  void take_back_log();
  void restore_names(PreparedStatementPtr session::Replay::NameChange::* which);
  void drop_held(std::size_t count);
  std::optional<Decision> choose_for_replay();
  bool is_server_still_there() const;
  std::optional<Instant> replay_deadline() const;

  // local_answers.cpp
  bool is_local(const Traits& traits) const;
  bool answer_local_query(const TraitsPtr& traits, std::string_view sql);
  void end_local_query(const std::optional<Error>& error);
  std::size_t consume_local(Bytes input, session::Head head);
  bool local_parse(Bytes body);  // these: false if an answer must be waited for
  std::optional<session::LocalStatement> local_statement(std::string_view name) const;
  bool local_bind(Bytes body);
  bool local_describe(Bytes body);
  bool local_execute(Bytes body);
  void local_close(Bytes body);
  void local_done(wire::ServerTag tag);
  void fail_local(const Error& error);
  bool has_local_table(session::LocalPortal& portal);
  std::optional<Result<TextTable>> ask(const Traits& traits, std::string_view sql);
  TextTable explain(const Traits& traits, std::string_view sql);
  std::vector<std::uint32_t> parameter_types(std::string_view sql, std::string_view types) const;

  // local_in_batch.cpp
  bool is_local_message(Bytes input, session::Head head);
  void bring_answers();
  std::size_t consume_local_in_batch(Bytes input, session::Head head);
  void forget_local_portal(std::string_view name);

  // database_ddl.cpp, pgpool_set.cpp
  bool must_free_database(const Traits& traits, std::string_view sql);
  Result<TextTable> change_parameter(const GatewayCommand& command);
  void keep_up_overrides();
  const RoutingOptions& routing() const;
  StatementLog statement_log() const;
  Duration client_idle_limit() const;

  // welcome.cpp, leave.cpp
  void start();
  void start_check();
  void finish_start();
  void welcome(const wire::ParameterSet& parameters);
  void refuse_start(Bytes error_body);
  void refuse_to_wait();
  void leave(CloseReason reason);
  void close_with(const Error& error, CloseReason reason);
  void release_all();

  // sql_prepared.cpp
  TraitsPtr traits_in_force(const TraitsPtr& traits);
  bool looks_at_names(const Traits& traits) const;
  bool make_names_for_query(const Traits& traits);
  void make_names(const Traits& traits, bool is_apart);
  void end_names(session::Injected what);
  void make_name(const std::string& name);
  void drop_name(const std::string& name);
  void close_maker(wire::Target target);
  void run_prepare(const std::string& name, const PreparedStatement& statement);
  void owe_for_name(AnswerKind kind, const std::string& name, std::uint64_t number);
  void undo_name(const Owed& dropped);
  void make_own_names(bool is_apart);
  std::size_t answer_up_to_execute();
  void leave_names_to_server();
  void expect_change(const Traits& traits, std::string_view sql, Owed& owed);
  void apply_change(const Owed& done);
  void note_changing_portal(std::string_view portal, std::string_view statement);
  Owed owed_for_execute(std::string_view portal);

  // prepare_later.cpp, deadlines.cpp
  std::optional<Instant> prepare_later_time() const;
  bool is_time_to_prepare_later();
  void stop_waiting_to_prepare();
  void note_accepted(const Owed& owed);
  std::optional<Instant> deadline_of(ErrorCode code) const;
  void check_deadlines();
  void touch_clocks();

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
  WaitingPlace place_;  // from the beginning of such a wait until it leads to something
  ErrorCode wait_error_ = ErrorCode::no_primary;  // what the client is told if it waits in vain
  bool is_starting_ = true;
  bool is_closed_ = false;
  bool is_shutting_down_ = false;

  // At the server.
  Backend* backend_ = nullptr;
  std::vector<Backend*> kept_;         // those of other nodes: in session mode, and park_backend()
  bool is_fresh_lease_ = false;        // granted for the request that waits; not used yet
  PinReasons left_behind_;             // on backend_, what nobody else must find there
  bool is_on_replica_ = false;
  bool is_primary_wanted_ = false;     // for the request that waits for a lease
  RequestQueue requests_;
  bool is_batch_open_ = false;         // messages of an extended batch were sent, its Sync was not
  PinReasons pins_;
  PinReasons looked_for_;  // by the question that is in flight (state_look.cpp)
  std::optional<NodeId> load_balance_node_;
  RouteReason route_reason_ = RouteReason::read;  // of the newest decision
  std::string last_statement_;         // sent to a server, cut
  session::ClientInput input_;
  session::Answer answer_;
  session::Rerun rerun_;
  session::Transaction transaction_;
  std::unique_ptr<session::Replay> replay_;  // null: no transaction was logged yet
  session::CatalogMemory catalog_;
  session::Written written_;
  session::Sequences sequences_;
  session::SettingsMemory settings_;
  session::Prepared prepared_;
  session::BatchScan scan_;
  session::LocalAnswers local_;
  session::CountedPortals counted_;
  session::Since since_;
};

}  // namespace howdah
