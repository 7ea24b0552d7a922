// A server connection died, or a server refused what another can do. What the client is told follows from what is known
// of each request in flight (README.md, "when a server dies"):
//   reads outside a transaction with nothing shown yet   run again elsewhere, unseen; so is BEGIN with its first reads
//   inside a transaction                                  40001, then the transaction is shown as failed until it is ended
//   a commit or a write that may have happened            08007
//   state of the session lived in the connection          FATAL 57P01
//   a message half passed on                              the connection is closed: there is no way to end it in step
#include <algorithm>

#include "gateway/session/session_core.hpp"

namespace howdah {

using namespace session;

namespace {

// A read that is run again and loses its connection each time may be what takes the servers down: no more than this.
constexpr int kMaxLosses = 2;

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

// `evidence`: what it says about the node, if anything. `is_gone`: the shell has seen the connection die; otherwise it is
// given back to be closed.
void SessionCore::lose_backend(std::optional<NodeFailure> evidence, bool is_gone) {
  Backend& lost = *backend_;
  keep_withheld();
  flush_run();
  if (evidence) out_->push(ReportNode{lost.node(), *evidence});
  if (!is_gone) out_->push(ReturnLease{&lost, LeaseEnd::close});
  env_.log.debug("server connection lost s={} node={} state={}", identity_.id.value, lost.node().value, name_of(state_));
  backend_ = nullptr;
  is_fresh_lease_ = is_sync_held_ = false;
  is_local_answer_void_ = waiting_ == Waiting::local;
  reapply_.clear();
  if (is_starting_) {
    avoided_node_ = lost.node();
    return start();
  }
  if (is_mid_message_ || (stream_left_ > 0 && !is_stream_discarded_ && !pins_.is_empty()))
    return leave(CloseReason::server_lost);
  is_stream_discarded_ = true;  // what the client still sends of a message nobody takes
  if (!pins_.is_empty()) {
    return close_with(Error{ErrorCode::session_state_lost, "the server connection that held this session's state was lost"},
                      CloseReason::session_state_lost);
  }
  const auto owed = lost.ledger.entries();
  for (auto it = owed.rbegin(); it != owed.rend(); ++it) undo(*it);
  if (is_draining_ && is_rerun_after_drain_) {
    is_draining_ = is_rerun_after_drain_ = false;
    return requeue();
  }
  is_draining_ = false;
  if (requests_.empty()) {
    if (!movable_begin_.empty() && told_status_ == TransactionStatus::in_block) deferred_begin_.swap(movable_begin_);
    movable_begin_.clear();
    is_failed_ = told_status_ != TransactionStatus::idle && deferred_begin_.empty();
    is_failure_told_ = false;
    return;
  }
  if (can_rerun_all() && loss_count_ < kMaxLosses) {
    ++loss_count_;
    avoided_node_ = lost.node();
    return requeue();
  }
  answer_lost_requests();
}

bool SessionCore::can_rerun_all() const {
  return stream_left_ == 0 &&
         (told_status_ == TransactionStatus::idle || !sent_begin_.empty() || !movable_begin_.empty()) &&
         std::all_of(requests_.begin(), requests_.end(), [](const Request& request) {
           return request.is_rerunnable && !request.has_forwarded && (request.retained > 0 || !request.is_complete);
         });
}

// Errors that say "not here" rather than "not so": a standby refuses a write, or cancels because of replay.
bool SessionCore::should_rerun(std::string_view sqlstate) const {
  if (!is_on_replica_ || is_draining_ || (!sent_begin_.empty() && movable_begin_.empty()) || retry_count_ >= options_.max_retries || !can_rerun_all()) return false;
  return sqlstate == "25006" || sqlstate == "0A000" || sqlstate == "40001";
}

void SessionCore::rerun_after_error(std::string_view sqlstate) {
  ++retry_count_;
  if (sqlstate == "40001") {
    avoided_node_ = backend_->node();
  } else {
    is_primary_forced_ = true;
    if (sqlstate == "25006") remember_refusal();
  }
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
  if (!movable_begin_.empty()) inject_query("ROLLBACK", Injected::drain);
  is_draining_ = is_rerun_after_drain_ = true;
}

// The text of the request in front, if it is one statement.
void SessionCore::remember_refusal() {
  Bytes rest = retained_.view().first(requests_.front().retained);
  std::string sql;
  int count = 0;
  while (rest.size() >= wire::kHeaderSize) {
    const std::size_t total = std::size_t{load_u32(rest.data() + 1)} + 1;
    const Bytes body = rest.subspan(wire::kHeaderSize, total - wire::kHeaderSize);
    if (const auto query = wire::parse_query(body); rest[0] == 'Q' && query) sql = query->sql, ++count;
    if (const auto parse = wire::parse_parse(body); rest[0] == 'P' && parse) sql = parse->sql, ++count;
    if (const auto bind = wire::parse_bind_head(body, true); rest[0] == 'B' && bind && count == 0) {
      const auto found = prepared_.find((*bind)->statement);
      if (found != prepared_.end()) sql = found->second->sql, ++count;
      if ((*bind)->statement.empty() && unnamed_serial_ != 0) sql = unnamed_sql_, ++count;
    }
    rest = rest.subspan(total);
  }
  if (count != 1) return;
  const TraitsPtr refused = env_.parse_cache.find_or_classify(sql);
  if (refused->kind == StatementKind::execute) return remember_refused_statement(refused->prepared_name);
  env_.parse_cache.remember_refusal(sql);
  // Texts with other literals are refused with it.
  for (auto& [name, statement] : prepared_)
    if (!statement->is_sql()) statement->traits = env_.parse_cache.find_or_classify(statement->sql);
  if (!unnamed_sql_.empty()) unnamed_traits_ = env_.parse_cache.find_or_classify(unnamed_sql_);
}

// What EXECUTE has executed.
void SessionCore::remember_refused_statement(std::string_view name) {
  const auto found = prepared_.find(name);
  if (found == prepared_.end()) return;
  Traits traits = *found->second->traits;
  traits.verdict = {.may_use_replica = false, .may_write = true, .reason = RouteReason::refused_by_replica};
  found->second->traits = std::make_shared<const Traits>(std::move(traits));
}

// Everything in flight goes back to where it came from.
void SessionCore::requeue() {
  drop_withheld();
  held_.prepend(retained_.view());
  rerun_left_ += retained_.size();
  retained_.clear();
  requests_.clear();
  is_batch_open_ = false;
  if (!movable_begin_.empty()) sent_begin_.swap(movable_begin_);
  movable_begin_.clear();
  if (sent_begin_.empty()) return;
  deferred_begin_.swap(sent_begin_);
  sent_begin_.clear();
}

// A drained connection: what could not go on there goes on elsewhere.
void SessionCore::finish_drain() {
  is_draining_ = false;
  park_backend();
  if (std::exchange(is_rerun_after_drain_, false)) return requeue();
  if (!requests_.empty() && requests_.back().has_error) {
    drop_open_request();
    is_batch_open_ = false;
    is_discarding_ = true;
  }
}

void SessionCore::answer_lost_requests() {
  sent_begin_.clear();
  release_withheld();
  bool in_transaction = told_status_ != TransactionStatus::idle;
  const bool is_unknown = std::any_of(requests_.begin(), requests_.end(), [&](const Request& request) {
    if (!in_transaction && request.may_write) return true;
    return (commits(request.control) || (request.has_transaction_control && request.control == TransactionControl::none)) &&
           (has_transaction_written_ || request.may_write);
  });
  if (is_unknown) note_write();
  is_batch_open_ = false;
  while (!requests_.empty()) {
    Request request = requests_.front();
    requests_.pop_front();
    const bool is_rollback = request.control == TransactionControl::rollback;
    const bool ends = is_rollback || commits(request.control);
    if (in_transaction && ends && !is_unknown && request.is_simple && !request.has_error) {
      // Nothing was written, or it was to be undone: lost with the server is as good as ended.
      is_failed_ = in_transaction = false;
      build_.clear();
      wire::append_command_complete(build_, is_rollback || is_failure_told_ ? "ROLLBACK" : "COMMIT");
      to_client_copy(as_bytes(build_));
    } else {
      is_failed_ = in_transaction && !is_unknown && !ends;
      in_transaction = is_failed_;
      if (!request.has_error) to_client_error(lost_error(is_unknown));
    }
    if (!request.is_complete) {
      is_discarding_ = true;
    } else {
      to_client_ready();
    }
  }
  retained_.clear();
  closed_.clear();
  if (!is_failed_) on_transaction_end();
}

Error SessionCore::lost_error(bool is_unknown) {
  if (is_unknown)
    return Error{.code = ErrorCode::commit_unknown,
                 .message = "the server connection was lost; whether the change was made is not known",
                 .hint = "Look whether it was before making it again."};
  if (is_failed_) return failed_error();
  return Error{.code = ErrorCode::backend_connection_lost,
               .message = "the server connection was lost in the middle of an answer",
               .hint = "Run the statement again."};
}

// An error of ours inside a transaction: as after any error, nothing but its end is accepted.
void SessionCore::fail_transaction(const Error& error) {
  env_.log.debug("transaction failed s={} error={}", identity_.id.value, error.row().name);
  deferred_begin_.clear();
  if (backend_ != nullptr) return_backend(LeaseEnd::close);
  is_failed_ = is_failure_told_ = true;
}

// The request that waited cannot be run. Answers of earlier ones go first.
std::size_t SessionCore::fail_pending(Bytes input, Head head) {
  if (owes()) return 0;
  const Error error = *std::exchange(pending_error_, std::nullopt);
  if (is_in_transaction() && !is_failed_) fail_transaction(error);
  to_client_error(error);
  to_client_ready();
  return start_stream(input, head, 0, true);
}

Error SessionCore::failed_error() {
  if (!std::exchange(is_failure_told_, true))
    return Error{.code = ErrorCode::transaction_lost,
                 .message = "the server connection was lost during the transaction",
                 .hint = "Run the transaction again."};
  return Error{ErrorCode::transaction_failed,
               "current transaction is aborted, commands ignored until end of transaction block"};
}

void SessionCore::end_failed() {
  is_failed_ = is_failure_told_ = false;
  on_transaction_end();
}

}  // namespace howdah
