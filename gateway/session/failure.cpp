// A server connection died, or a server refused what another can do. What the client is told follows from what is known
// of each request in flight (README.md, "when a server dies"):
//   reads outside a transaction with nothing shown yet   run again elsewhere, unseen; so is BEGIN with its first reads
//   inside a transaction                                  40001, then the transaction is shown as failed until it is
//   ended a commit or a write that may have happened            08007 state of the session lived in the connection
//   FATAL 57P01 a message half passed on                              the connection is closed: there is no way to end
//   it in step
#include <algorithm>

#include "gateway/session/closed_primary.hpp"
#include "gateway/session/session_core.hpp"
#include "gateway/session/session_errors.hpp"

namespace howdah {

using namespace session;

namespace {

// A read that is run again and loses its connection each time may be what takes the servers down: no more than this.
constexpr int kMaxStatementLosses = 2;

bool commits(TransactionControl control) {
  return control == TransactionControl::commit || control == TransactionControl::commit_and_chain ||
         control == TransactionControl::commit_prepared || control == TransactionControl::prepare_transaction;
}

}  // namespace

void SessionCore::handle(const ServerGone& event) {
  if (event.backend == backend_) return lose_backend(event.failure, true);
  std::erase(kept_, event.backend);
  out_->push(ReportNode{event.backend->node(), event.failure});
}

// `evidence`: what it says about the node, if anything. `is_gone`: the shell has seen the connection die; otherwise it
// is given back to be closed.
void SessionCore::lose_backend(std::optional<NodeFailure> evidence, bool is_gone) {
  Backend& lost = *backend_;
  const std::optional<LastWord> word = std::exchange(rerun_.word, std::nullopt);
  keep_withheld();
  flush_run();
  if (evidence) out_->push(ReportNode{lost.node(), *evidence});
  if (!is_gone) out_->push(ReturnLease{&lost, LeaseEnd::close});
  env_.log.debug("server connection lost s={} node={} state={}", identity_.id.value, lost.node().value,
                 name_of(state_));
  backend_ = nullptr;
  pins_ = without(pins_, kLoosely);
  is_fresh_lease_ = input_.is_sync_held = sequences_.may_be_asked = false;
  local_.is_answer_void = waiting_ == Waiting::local;
  settings_.settling = 0;
  settings_.if_committed = settings_.journal.settings_now();
  settings_.journal.abandon();
  if (is_starting_) {
    rerun_.avoided_node = lost.node();
    return start();
  }
  if (answer_.is_mid_message || (input_.stream_left > 0 && !input_.is_stream_discarded && !pins_.is_empty()))
    return leave(CloseReason::server_lost);
  input_.is_stream_discarded = true;  // what the client still sends of a message nobody takes
  if (!pins_.is_empty()) {
    return close_with(
        Error{ErrorCode::session_state_lost, "the server connection that held this session's state was lost"},
        CloseReason::session_state_lost);
  }
  const bool is_copy_unfinished = lost.ledger.is_in_copy_in();
  const auto owed = lost.ledger.entries();
  if (look_up_commit(owed)) return;
  for (auto it = owed.rbegin(); it != owed.rend(); ++it) undo(*it);
  const AfterDrain after = std::exchange(answer_.after_drain, AfterDrain::leave);
  if (std::exchange(answer_.is_draining, false) && after != AfterDrain::leave) return requeue();
  if (requests_.empty() && !is_replaying()) {
    if (!transaction_.movable_begin.empty() && transaction_.told_status == TransactionStatus::in_block)
      transaction_.deferred_begin.swap(transaction_.movable_begin);
    transaction_.movable_begin.clear();
    if (transaction_.told_status == TransactionStatus::idle || !transaction_.deferred_begin.empty()) return;
  } else if (!is_replaying() && rerun_.loss_count < kMaxStatementLosses && (can_rerun_all() || can_rerun_some())) {
    ++rerun_.loss_count;
    rerun_.avoided_node = lost.node();
    rerun_.word = word;
    return can_rerun_all() ? requeue() : rerun_some(is_copy_unfinished);
  }
  if (answer_lost_end(owed) || start_replay(lost.node(), evidence, false)) return;
  if (is_replaying()) return abandon_replay(std::nullopt);
  close_log();
  if (!requests_.empty()) return answer_lost_requests(is_copy_unfinished);
  transaction_.is_failed = true;
  transaction_.is_failure_told = false;
}

// Of an open transaction the client has no answer yet, or none that bound it to the server.
bool SessionCore::is_uncommitted_to_server() const {
  return input_.stream_left == 0 && (transaction_.told_status == TransactionStatus::idle || !transaction_.sent_begin.empty() ||
                                     !transaction_.movable_begin.empty());
}

bool SessionCore::can_rerun_all() const {
  return is_uncommitted_to_server() &&
         std::all_of(requests_.begin(), requests_.end(), [](const Request& request) {
           return request.is_rerunnable && !request.has_forwarded && (request.retained > 0 || !request.is_complete);
         });
}

// Errors that say "not here" rather than "not so": a standby refuses a write, or cancels because of replay.
bool SessionCore::should_rerun(std::string_view sqlstate) const {
  if (answer_.is_draining || rerun_.retry_count >= options_.max_retries) return false;
  if (!is_on_replica_)
    return is_refusal_of_others(sqlstate, transaction_) && !is_replaying() && pins_.is_empty() && requests_.size() == 1 &&
           may_wait_for_next_primary(requests_.front()) && options_.primary_wait_timeout != Duration{} &&
           may_refuse_again(rerun_.refusal, now_);
  if ((!transaction_.sent_begin.empty() && transaction_.movable_begin.empty()) || !can_rerun_all()) return false;
  return sqlstate == "25006" || sqlstate == "0A000" || sqlstate == "40001";
}

void SessionCore::rerun_after_error(std::string_view sqlstate) {
  if (!is_on_replica_) {
    note_refusal(rerun_, backend_->node(), env_.view->epoch, now_);
  } else if (sqlstate == "40001") {
    rerun_.avoided_node = backend_->node();
  } else {
    rerun_.is_primary_forced = true;
    if (sqlstate == "25006") remember_refusal();
  }
  drain_and_rerun(sqlstate);
}

void SessionCore::drain_and_rerun(std::string_view sqlstate) {
  ++rerun_.retry_count;
  transaction_.is_xid_asked = false;
  drop_withheld();
  ReplyLedger& ledger = backend_->ledger;
  ledger.swallow_all();
  ledger.accept('E');
  for (auto it = ledger.dropped().rbegin(); it != ledger.dropped().rend(); ++it) undo(*it);
  if (const Owed* failed = ledger.ended()) undo_failed(*failed, sqlstate);
  if (is_batch_open_) {
    build_.clear();
    wire::append_sync(build_);
    to_server_copy(as_bytes(build_));
    ledger.owe({AnswerKind::sync, Audience::nobody, static_cast<std::uint64_t>(Injected::drain)});
    is_batch_open_ = false;
  }
  const bool has_begun = !transaction_.movable_begin.empty() || !transaction_.sent_begin.empty();
  if (has_begun || requests_.front().is_wrapped || requests_.front().has_transaction_control)
    inject_query("ROLLBACK", Injected::drain);
  answer_.is_draining = true;
  answer_.after_drain = AfterDrain::rerun_elsewhere;
}

// The text of the request in front, if it is one statement.
void SessionCore::remember_refusal() {
  Bytes rest = rerun_.retained.view().first(requests_.front().retained);
  std::string sql;
  int count = 0;
  while (rest.size() >= wire::kHeaderSize) {
    const std::size_t total = std::size_t{load_u32(rest.data() + 1)} + 1;
    const Bytes body = rest.subspan(wire::kHeaderSize, total - wire::kHeaderSize);
    if (const auto query = wire::parse_query(body); rest[0] == 'Q' && query) sql = query->sql, ++count;
    if (const auto parse = wire::parse_parse(body); rest[0] == 'P' && parse) sql = parse->sql, ++count;
    if (const auto bind = wire::parse_bind_head(body, true); rest[0] == 'B' && bind && count == 0) {
      const auto found = prepared_.statements.find((*bind)->statement);
      if (found != prepared_.statements.end()) sql = found->second->sql, ++count;
      if ((*bind)->statement.empty() && prepared_.unnamed.serial != 0) sql = prepared_.unnamed.sql, ++count;
    }
    rest = rest.subspan(total);
  }
  if (count != 1) return;
  const TraitsPtr refused = traits_of(sql);
  if (refused->stands_for_prepared()) return remember_refused_statement(refused->prepared_name);
  env_.parse_cache.remember_refusal(sql, facts_in_force());
  // Texts with other literals are refused with it.
  for (auto& [name, statement] : prepared_.statements)
    if (!statement->is_sql()) statement->traits = traits_of(statement->sql);
  if (!prepared_.unnamed.sql.empty()) prepared_.unnamed.traits = traits_of(prepared_.unnamed.sql);
}

// What EXECUTE, or EXPLAIN EXECUTE, has executed.
void SessionCore::remember_refused_statement(std::string_view name) {
  const auto found = prepared_.statements.find(name);
  if (found == prepared_.statements.end()) return;
  Traits traits = *found->second->traits;
  traits.verdict = {.may_use_replica = false, .may_write = true, .reason = RouteReason::refused_by_replica};
  found->second->traits = std::make_shared<const Traits>(std::move(traits));
}

// Everything in flight goes back to where it came from.
void SessionCore::requeue() {
  drop_withheld();
  input_.held.prepend(rerun_.retained.view());
  rerun_.left += rerun_.retained.size();
  if (replay_ != nullptr) replay_->log.take_back(rerun_.retained.size());
  forget_requests();
  if (!transaction_.movable_begin.empty()) transaction_.sent_begin.swap(transaction_.movable_begin);
  transaction_.movable_begin.clear();
  if (transaction_.sent_begin.empty()) return;
  transaction_.deferred_begin.swap(transaction_.sent_begin);
  transaction_.sent_begin.clear();
}

void SessionCore::forget_requests() {
  rerun_.retained.clear();
  requests_.clear();
  settings_.executed.clear();
  settings_.portals.clear();
  settings_.has_steps_in_flight = false;
  is_batch_open_ = false;
}

// A drained connection: what could not go on there goes on elsewhere.
void SessionCore::finish_drain() {
  answer_.is_draining = false;
  const bool has_backend = backend_ != nullptr;
  if (has_backend && !requests_.empty() && requests_.back().has_ended_transaction) end_transaction_within_batch();
  const bool has_not_ended = has_backend && backend_->ledger.status() != TransactionStatus::idle;  // an error came first
  const AfterDrain after = std::exchange(answer_.after_drain, AfterDrain::leave);
  if (after == AfterDrain::rerun_here && has_backend && backend_->is_reusable()) backend_->ledger.end_draining();
  else if (!has_not_ended) park_backend();
  if (after != AfterDrain::leave) return requeue();
  if (!requests_.empty() && requests_.back().has_error) {
    drop_open_request();
    is_batch_open_ = false;
    input_.is_discarding = true;
  }
}

// The batch goes on outside the transaction that it ended on a replica.
void SessionCore::end_transaction_within_batch() {
  Request& request = requests_.back();
  request.has_ended_transaction = false;
  transaction_.sent_begin.clear();
  transaction_.told_status = backend_->ledger.status();
  if (settings_.journal.is_open()) {
    settings_.journal.end_request(transaction_.told_status, request.has_error, backend_->applied);
    note_new_settings();
  }
  if (transaction_.told_status != TransactionStatus::idle) return;
  prepared_.changing_portals.clear();
  on_transaction_end();
}

// The end of a transaction, alone in flight: where nothing was written, or it was to be undone, lost with the server is as
// good as ended.
bool SessionCore::answer_lost_end(std::span<const Owed> owed) {
  if (requests_.size() != 1 || transaction_.told_status == TransactionStatus::idle || is_replaying()) return false;
  const Request& request = requests_.front();
  const bool is_rollback = request.control == TransactionControl::rollback;
  const bool is_commit = request.control == TransactionControl::commit;
  const bool is_failed = transaction_.told_status == TransactionStatus::failed;  // COMMIT undoes it, too
  const bool has_written = (transaction_.has_written || request.may_write) && !is_failed;
  if (!is_rollback && (!is_commit || has_written)) return false;
  if (!request.is_complete || request.has_error || !is_tellable(owed)) return false;
  const bool is_followed = request.is_followed;
  forget_requests();
  prepared_.closed.clear();
  release_withheld();
  if (!is_rollback && !is_failed) keep_settings();
  answer_ended(owed, is_rollback || is_failed ? "ROLLBACK" : "COMMIT");
  on_transaction_end();
  if (!is_followed) to_client_ready();
  return true;
}

// `is_copy_unfinished`: a COPY FROM STDIN had not been told its end, so it has done nothing.
void SessionCore::answer_lost_requests(bool is_copy_unfinished) {
  transaction_.sent_begin.clear();
  if (requests_.front().is_wrapped) drop_withheld();
  release_withheld();
  bool in_transaction = transaction_.told_status != TransactionStatus::idle;
  const bool is_apart = are_requests_apart();
  const auto is_undone = [&](const Request& request) {
    return (request.is_wrapped && !request.is_commit_sent) || (request.is_copy && is_copy_unfinished);
  };
  const bool is_unknown = std::any_of(requests_.begin(), requests_.end(), [&, is_inside = in_transaction](const Request& request) mutable {
    const bool was_inside = std::exchange(is_inside, is_inside && !request.may_end_transaction);
    if (is_undone(request)) return false;
    if (!was_inside && request.may_write) return true;
    return (commits(request.control) ||
            (request.has_transaction_control && request.control == TransactionControl::none)) &&
           (transaction_.has_written || request.may_write);
  });
  if (is_unknown) note_write();
  is_batch_open_ = false;
  while (!requests_.empty()) {
    Request request = requests_.front();
    requests_.pop_front();
    const bool is_rollback = request.control == TransactionControl::rollback;
    const bool ends = is_rollback || (commits(request.control) && request.control != TransactionControl::commit_and_chain);
    if (in_transaction && ends && !is_unknown && request.is_simple && !request.has_error) {
      // COMMIT undoes what has failed, here or before.
      const bool is_undone_all = is_rollback || transaction_.is_failed || transaction_.told_status == TransactionStatus::failed;
      if (!is_undone_all) keep_settings();
      transaction_.is_failed = in_transaction = false;
      build_.clear();
      wire::append_command_complete(build_, is_undone_all ? "ROLLBACK" : "COMMIT");
      to_client_copy(as_bytes(build_));
    } else {
      transaction_.is_failed = in_transaction && !is_unknown && !ends;
      in_transaction = transaction_.is_failed;
      const bool is_this_unknown = is_apart ? request.may_write && !is_undone(request) : is_unknown;
      const bool is_plain = !is_this_unknown && !transaction_.is_failed;
      drop_what_follows(request);
      if (!request.has_error)
        to_client_error(is_plain && (request.is_wrapped || request.is_copy) ? undone_error() : lost_error(is_this_unknown));
    }
    if (!request.is_complete) {
      input_.is_discarding = true;
    } else if (!request.is_followed) {
      to_client_ready();
    }
  }
  rerun_.retained.clear();
  prepared_.closed.clear();
  settings_.executed.clear();
  settings_.has_steps_in_flight = false;
  if (!transaction_.is_failed) on_transaction_end();
}

Error SessionCore::lost_error(bool is_unknown) {
  if (is_unknown)
    return Error{.code = ErrorCode::commit_unknown,
                 .message = "the server connection was lost; whether the change was made is not known",
                 .hint = "Look whether it was before making it again."};
  if (transaction_.is_failed) return failed_error();
  return Error{.code = ErrorCode::backend_connection_lost,
               .message = "the server connection was lost before the answer was complete",
               .hint = "Run the statement again."};
}

// An error of ours inside a transaction: as after any error, nothing but its end is accepted.
void SessionCore::fail_transaction(const Error& error) {
  env_.log.debug("transaction failed s={} error={}", identity_.id.value, error.row().name);
  transaction_.deferred_begin.clear();
  settings_.journal.abandon();
  close_log();
  if (backend_ != nullptr) return_backend(LeaseEnd::close);
  transaction_.is_failed = transaction_.is_failure_told = true;
}

// The request that waited cannot be run. Answers of earlier ones go first.
std::size_t SessionCore::fail_pending(Bytes input, Head head) {
  if (owes() || is_replaying()) return 0;
  const Error error = *std::exchange(input_.pending_error, std::nullopt);
  if (is_in_transaction() && !transaction_.is_failed) fail_transaction(error);
  if (std::exchange(is_batch_open_, false)) drop_open_request();
  to_client_error(error);
  to_client_ready();
  return start_stream(input, head, 0, true);
}

Error SessionCore::failed_error() {
  if (!std::exchange(transaction_.is_failure_told, true))
    return Error{.code = ErrorCode::transaction_lost,
                 .message = "the server connection was lost during the transaction",
                 .hint = "Run the transaction again."};
  return Error{ErrorCode::transaction_failed,
               "current transaction is aborted, commands ignored until end of transaction block"};
}

// What a statement is answered in such a transaction: the tag of its end, or an error. COMMIT of one that has written must
// not look like success to a client that has not been told.
Result<std::string_view> SessionCore::end_failed(TransactionControl control) {
  const bool is_commit = control == TransactionControl::commit;
  if (!is_commit && control != TransactionControl::rollback) return failed_error();
  const bool is_news = is_commit && !transaction_.is_failure_told;
  const bool is_lost = is_news && transaction_.has_written;
  const Error error = is_lost ? failed_error() : Error{};
  transaction_.is_failed = transaction_.is_failure_told = false;
  on_transaction_end();
  if (is_lost) return error;
  return is_news ? "COMMIT" : "ROLLBACK";
}

}  // namespace howdah
