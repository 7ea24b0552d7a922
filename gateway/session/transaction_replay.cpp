// Running an open transaction again whose server was lost: what the client had sent in it goes back into its input, in front
// of what has come since, and is consumed as if it had just arrived; the log takes the answers in until they have caught up
// with what the client was shown (transaction_log.hpp). If one comes out differently, or it takes too long, the
// transaction is shown as failed (40001), and the client's requests that were never answered are answered so.
// The lost transaction has not been committed: no COMMIT had been sent, or it was looked up and did not happen.
#include <algorithm>

#include "gateway/session/closed_primary.hpp"
#include "gateway/session/session_core.hpp"

namespace howdah {

using namespace session;

namespace {

constexpr int kMaxTransactionLosses = 3;  // of servers, in one transaction: it may be what takes them down

}  // namespace

bool SessionCore::is_replay_possible(bool is_not_committed) const {
  if (replay_ == nullptr || !replay_->log.is_replayable() || replay_->losses >= kMaxTransactionLosses) return false;
  if (!transaction_.deferred_begin.empty() || !pins_.is_empty() || options_.primary_wait_timeout == Duration{}) return false;
  if (!requests_.empty() && requests_.front().is_wrapped && requests_.front().has_error) return false;  // it is over
  if (!is_not_committed && !requests_.empty() && requests_.front().is_commit_sent) return false;
  const auto deadline = replay_deadline();
  if (deadline && *deadline <= now_) return false;
  // One that commits is not sent before everything the client was shown has come again, so nothing of it must be shown yet.
  if (is_not_committed) return !requests_.front().has_forwarded || requests_.front().is_wrapped;
  return std::none_of(requests_.begin(), requests_.end(), [&](const Request& request) {
           const bool is_harmless = request.control == TransactionControl::rollback ||
                                    (request.control == TransactionControl::commit && !transaction_.has_written);
           const bool is_last = &request == &requests_.back();  // what comes behind may have been done for good
           return request.may_end_transaction && (!is_harmless || !is_last);
         });
}

// Replay of the WAL has cancelled a statement of a transaction that runs on a replica, or its primary was closed before it
// began: as good as lost with its server.
bool SessionCore::should_replay(std::string_view sqlstate) const {
  if (answer_.is_draining || !is_in_transaction()) return false;
  if (is_on_replica_) return sqlstate == "40001" && is_replay_possible(false);
  const bool is_alone = requests_.size() == 1 && !requests_.front().may_end_transaction;
  return is_refusal_of_others(sqlstate, transaction_) && is_closed_by_others(backend_->reported, transaction_) && pins_.is_empty() &&
         (is_alone || is_replay_possible(false));
}

// `is_not_committed`: a COMMIT was sent, and is known not to have happened. False: it cannot be run again.
bool SessionCore::start_replay(NodeId lost, std::optional<NodeFailure> evidence, bool is_not_committed) {
  if (evidence == NodeFailure::misbehaved) give_up_replay(ReplayObstacle::ended_by_server);
  if (replay_ != nullptr && replay_->log.obstacle() != ReplayObstacle::none)
    env_.log.info("transaction not run again s={} obstacle=\"{}\"", identity_.id.value, to_text(replay_->log.obstacle()));
  if (!is_replay_possible(is_not_committed)) return false;
  Replay& replay = *replay_;
  ++replay.losses;
  drop_withheld();
  if (!replay.since) {
    replay.since = now_;
    replay.is_answer_owed = !requests_.empty();
    const Request first = replay.is_answer_owed ? requests_.front() : Request{};
    replay.is_whole = first.is_complete;
    replay.is_error_told = first.has_error;
    replay.commits = first.control == TransactionControl::commit || first.control == TransactionControl::commit_and_chain;
    for (Replay::NameChange& change : replay.names) {
      const auto found = prepared_.statements.find(change.name);
      change.after = found == prepared_.statements.end() ? nullptr : found->second;
    }
  }
  replay.lost_node = lost;
  replay.lost_epoch = env_.view->epoch;
  replay.was_on_replica = is_on_replica_;
  replay.was_ended_by_word = (evidence == NodeFailure::shut_down || rerun_.refusal) && !is_on_replica_;
  rerun_.avoided_node = lost;
  restore_names(&Replay::NameChange::before);
  take_back_log();
  forget_requests();
  prepared_.closed.clear();
  prepared_.changing_portals.clear();
  transaction_.sent_begin.clear();
  transaction_.movable_begin.clear();
  transaction_.read_only_begin.clear();
  transaction_.deferred_begin = replay.log.begin();
  transaction_.is_xid_asked = false;
  transaction_.doubt = {};
  env_.log.debug("transaction is run again s={} requests={}", identity_.id.value, replay.log.answered());
  return true;
}

// What was sent in the transaction goes in front of what the client has sent since.
void SessionCore::take_back_log() {
  input_.held.prepend(input_.rest.view());  // of a string whose first statement was answered here
  input_.rest.clear();
  const auto sent = replay_->log.rewind();
  input_.held.prepend(sent);
  input_.is_discarding = false;
  rerun_.left += sent.size();
}

void SessionCore::restore_names(PreparedStatementPtr Replay::NameChange::* which) {
  for (const Replay::NameChange& change : replay_->names) {
    if (change.*which != nullptr) {
      prepared_.statements.insert_or_assign(change.name, change.*which);
    } else if (const auto found = prepared_.statements.find(change.name); found != prepared_.statements.end()) {
      prepared_.statements.erase(found);
    }
  }
}

// Everything the client was shown has come out the same.
void SessionCore::finish_replay() {
  env_.log.debug("transaction goes on s={} node={}", identity_.id.value, backend_->node().value);
  replay_->since.reset();
  reconcile_parameters();
}

bool SessionCore::must_abandon_replay() const {
  if (!is_replaying() || !may_abandon_replay()) return false;
  return !replay_->log.is_replayable() || replay_->log.has_diverged() || input_.pending_error;
}

// Nothing that commits is in flight.
bool SessionCore::may_abandon_replay() const { return replay_->log.is_repeating() || requests_.empty(); }

// `error`: what the request the client waits for is told; nothing: that the transaction is lost.
void SessionCore::abandon_replay(std::optional<Error> error) {
  Replay& replay = *replay_;
  env_.log.info("transaction not run again s={} reason=\"{}\"", identity_.id.value,
                replay.log.has_diverged() ? "it came out differently" : "no server in time");
  if (backend_ != nullptr) return_backend(LeaseEnd::close);
  if (waiting_ == Waiting::lease) out_->push(ForgetLease{});
  waiting_ = Waiting::nothing;
  since_.waiting.reset();
  since_.retry_at.reset();
  const bool is_in_transaction = transaction_.told_status != TransactionStatus::idle;
  if (is_in_transaction) input_.pending_error.reset();
  drop_withheld();
  const bool is_begun = replay.log.is_answer_begun();
  const std::size_t answered = replay.log.answered();
  take_back_log();
  drop_held(size_of_requests(input_.held.view(), answered));
  forget_requests();
  restore_names(&Replay::NameChange::after);
  prepared_.closed.clear();
  prepared_.changing_portals.clear();
  if (prepared_.unnamed.serial > replay.newest_unnamed) prepared_.unnamed.serial = 0;  // not all of them were made again
  settings_.journal.abandon();
  close_log();
  transaction_.deferred_begin.clear();
  transaction_.sent_begin.clear();
  transaction_.movable_begin.clear();
  transaction_.is_failed = is_in_transaction;
  transaction_.is_failure_told = false;
  if (is_begun) return end_begun_request(error);
  if (!error) return;
  transaction_.is_failure_told = transaction_.is_failed;
  input_.pending_error = std::move(error);
}

void SessionCore::drop_held(std::size_t count) {
  input_.held.drop(count);
  rerun_.left -= std::min(rerun_.left, count);
}

// The client has got a part of an answer that will not be gone on with.
void SessionCore::end_begun_request(const std::optional<Error>& error) {
  Replay& replay = *replay_;
  if (!replay.is_error_told) to_client_error(error ? *error : failed_error());
  transaction_.is_failure_told = true;
  if (replay.commits) {
    transaction_.is_failed = false;
    on_transaction_end();
  }
  if (!replay.is_whole) {
    input_.is_discarding = true;  // up to its Sync
    return;
  }
  drop_held(size_of_requests(input_.held.view(), 1));
  to_client_ready();
}

// A client that waits for nothing has nothing to cancel.
void SessionCore::cancel_replay() {
  if (!may_abandon_replay()) {
    if (owes()) out_->push(SendCancel{backend_});
    return;
  }
  if (!replay_->is_answer_owed && input_.held.size() <= rerun_.left) return;
  if (owes()) out_->push(SendCancel{backend_});
  abandon_replay(Error{ErrorCode::canceled, "canceling statement due to user request"});
}

// A transaction that has been on the primary begins there again, whatever its first statement may ask for.
std::optional<Decision> SessionCore::choose_for_replay() {
  if (!is_replaying() || replay_->was_on_replica) return std::nullopt;
  if (client_status() != TransactionStatus::idle && transaction_.deferred_begin.empty()) return std::nullopt;
  const auto primary = env_.view->primary;
  const bool is_avoided = primary && primary == rerun_.avoided_node;
  if (is_avoided || is_server_still_there()) return Decision{.reason = RouteReason::no_primary};
  replay_->was_ended_by_word = false;
  return Decision{.node = primary, .reason = RouteReason::transaction_node};
}

bool SessionCore::is_server_still_there() const {
  if (!replay_->was_ended_by_word || env_.view->primary != replay_->lost_node) return false;
  const NodeView* node = env_.view->find(replay_->lost_node);
  return env_.view->epoch == replay_->lost_epoch && node != nullptr && node->is_usable();
}

std::optional<Instant> SessionCore::replay_deadline() const {
  if (!is_replaying() || !may_abandon_replay()) return std::nullopt;
  std::optional<Instant> deadline;
  if (options_.transaction_replay_timeout != Duration{}) deadline = *replay_->since + options_.transaction_replay_timeout;
  if (!is_server_still_there()) return deadline;
  const Instant word = *replay_->since + kDownAfterWord;
  return deadline ? std::min(*deadline, word) : word;
}

}  // namespace howdah
