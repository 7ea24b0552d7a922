// commit_safety = strict: a write outside a transaction has no id that could be looked up when its answer dies with its
// server. So it is sent as `BEGIN`, the client's request, a question for the id; and `COMMIT` only when the id is known. One
// round trip more. What would tell the client that the write is done (the CommandComplete of a Query, ReadyForQuery in any
// case) is held back until the COMMIT is answered; if that fails, its error takes their place, as in PostgreSQL.
// Lost before the COMMIT was sent, it has not happened; lost after it, it is looked up (commit_doubt.cpp).
#include <algorithm>

#include "gateway/session/session_core.hpp"

namespace howdah {

using namespace session;
using wire::ServerTag;

namespace {

// Nothing about them is different in a transaction of their own.
bool is_wrappable(const Traits& traits) {
  switch (traits.kind) {
    case StatementKind::select:
    case StatementKind::insert:
    case StatementKind::update:
    case StatementKind::delete_rows:
    case StatementKind::merge: break;
    default: return false;
  }
  return traits.statement_count == 1 && !traits.has_transaction_control && traits.pins.is_empty();
}

}  // namespace

// A request with these statements, all of it at hand, is about to be sent.
bool SessionCore::wraps(std::span<const Traits* const> statements) const {
  if (options_.commit_safety != CommitSafety::strict || options_.pool_mode == PoolMode::statement) return false;
  if (!requests_.empty() || is_batch_open_ || is_on_replica_ || !pins_.is_empty() || !transaction_.deferred_begin.empty())
    return false;
  if (backend_->ledger.status() != TransactionStatus::idle) return false;
  return std::all_of(statements.begin(), statements.end(), [](const Traits* traits) { return is_wrappable(*traits); }) &&
         std::any_of(statements.begin(), statements.end(), [](const Traits* traits) { return traits->verdict.may_write; });
}

// A part of an answer to the client's own messages. True: the client does not get it yet.
bool SessionCore::hold_wrapped(char tag, Bytes message) {
  if (requests_.empty() || !requests_.front().is_wrapped) return false;
  if (tag == static_cast<char>(ServerTag::ready)) return true;
  if (tag != static_cast<char>(ServerTag::command_complete) || !requests_.front().is_simple) return false;
  keep_withheld();
  answer_.withheld.insert(answer_.withheld.end(), message.begin(), message.end());
  return true;
}

// Everything before it is answered.
void SessionCore::end_wrapped() {
  Request& request = requests_.front();
  if (is_replaying() && replay_->log.is_repeating()) return abandon_replay(std::nullopt);  // less came than was shown
  if (!request.has_error && backend_->ledger.status() != TransactionStatus::in_block) {
    // A cancel has met the question for the id.
    drop_withheld();
    to_client_error(Error{ErrorCode::canceled, "canceling statement due to user request"});
    request.has_error = true;
  }
  request.is_commit_sent = !request.has_error;
  inject_query(request.has_error ? "ROLLBACK" : "COMMIT", Injected::commit);
}

// COMMIT has failed: so has the write.
void SessionCore::fail_wrapped(Bytes message) {
  backend_->ledger.accept('E');
  drop_withheld();
  requests_.front().is_commit_sent = false;  // nothing to be looked up
  emit_answer('E', message);
  note_error(requests_.front(), wire::ErrorView(message.subspan(wire::kHeaderSize)));
}

// Its end is answered: the client gets what was held back. `ready` is its ReadyForQuery.
void SessionCore::finish_wrapped(Bytes ready) {
  emit_answer(static_cast<char>(ServerTag::ready), ready);
  if (log_end_of_request()) finish_request();
}

// The connection is lost. True: the COMMIT is being looked up, or there was nothing that could be.
bool SessionCore::look_up_wrapped() {
  if (requests_.size() != 1 || !requests_.front().is_commit_sent) return false;
  transaction_.doubtful.clear();
  if (transaction_.doubt.xid == 0) {
    waiting_ = Waiting::fate;
    handle(CommitFate{transaction_.may_have_notified ? CommitOutcome::unknown : CommitOutcome::committed});
    return true;
  }
  if (options_.primary_wait_timeout == Duration{}) return false;
  waiting_ = Waiting::fate;
  if (replay_ != nullptr) replay_->since.reset();
  out_->push(LookUpCommit{transaction_.doubt, options_.primary_wait_timeout});
  return true;
}

}  // namespace howdah
