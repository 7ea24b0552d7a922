// commit_safety = strict: a write outside a transaction has no id that could be looked up when its answer dies with its
// server. So it is sent as `BEGIN`, the client's request, a question for the id; and `COMMIT` only when the id is known. One
// round trip more. A transaction that comes whole, in one string or one batch (BEGIN ... COMMIT), has these already: it is
// sent up to its COMMIT, which is kept back until then; so are the last statements of an open one that come with its COMMIT.
// After a COPY the question goes when its data has gone; what the client has sent of that is not kept to be sent again.
// The answer is withheld, so that the client has seen nothing if it must run again; of a long one, what would tell that the
// write is done (the CommandComplete of a Query, ReadyForQuery in any case). If the COMMIT fails, its error takes their
// place, as in PostgreSQL.
// Lost before the COMMIT was sent, it has not happened; lost after it, it is looked up (commit_doubt.cpp).
#include <algorithm>

#include "gateway/session/session_core.hpp"

namespace howdah {

using namespace session;
using wire::ServerTag;

// What stands against it in the session, whatever the statements are.
bool SessionCore::may_wrap() const {
  return options_.commit_safety == CommitSafety::strict && options_.pool_mode != PoolMode::statement && !is_batch_open_ &&
         !tie(pins_) && transaction_.deferred_begin.empty();
}

// A write that may be outside a transaction must not go out behind others: it could not be wrapped. Nor must the end of one.
bool SessionCore::must_wait_to_wrap(bool is_write, bool is_end) const {
  if (is_end && owes() && options_.commit_safety == CommitSafety::strict && !is_batch_open_) return true;
  if (!is_write || requests_.empty() || !owes() || !may_wrap() || !transaction_.sent_begin.empty()) return false;
  return transaction_.told_status == TransactionStatus::idle ||
         std::any_of(requests_.begin(), requests_.end(), [](const Request& request) { return request.may_end_transaction; });
}

// A write apart, all of it at hand, is about to be sent.
bool SessionCore::wraps(bool is_write) const {
  return is_write && may_wrap() && requests_.empty() && !is_on_replica_ &&
         backend_->ledger.status() == TransactionStatus::idle;
}

// The last statements of an open transaction, with its COMMIT behind them, are about to be sent.
bool SessionCore::wraps_end(bool is_end, bool may_write) const {
  const bool is_open = backend_ != nullptr &&
                       (!transaction_.deferred_begin.empty() || backend_->ledger.status() == TransactionStatus::in_block);
  return is_end && (may_write || transaction_.has_written) && is_open && options_.commit_safety == CommitSafety::strict &&
         options_.pool_mode != PoolMode::statement && !is_batch_open_ && !tie(pins_) && requests_.empty() &&
         !is_on_replica_ && !transaction_.is_xid_asked;
}

// A part of an answer to the client's own messages. True: the client does not get it yet.
bool SessionCore::hold_wrapped(char tag, Bytes message) {
  if (requests_.empty() || !requests_.front().is_wrapped) return false;
  const Request& request = requests_.front();
  if (tag == static_cast<char>(ServerTag::ready)) return request.is_simple || !request.brings_commit;
  if (tag != static_cast<char>(ServerTag::command_complete) || !request.is_simple || request.brings_commit) return false;
  if (request.has_forwarded) release_withheld();  // what ended the statement before
  keep_withheld();
  answer_.last_word = answer_.withheld.size();
  answer_.withheld.insert(answer_.withheld.end(), message.begin(), message.end());
  return true;
}

// The messages of its COMMIT come next in the batch. True: they may go, or what comes before them has failed.
bool SessionCore::learn_xid_in_batch() {
  Request& request = requests_.back();
  if (!transaction_.is_xid_asked && !request.has_error) {
    build_.clear();
    wire::append_sync(build_);
    to_server_copy(as_bytes(build_));
    backend_->ledger.owe({AnswerKind::sync, Audience::nobody});
    ask_xid();
  }
  if (owes()) return false;
  input_.is_discarding = request.has_error;
  request.is_commit_sent = !request.has_error;
  return true;
}

// Everything before its COMMIT is answered, and the question for the id with `ready`.
void SessionCore::end_wrapped(Bytes ready) {
  Request& request = requests_.front();
  if (is_replaying() && replay_->log.is_repeating()) return abandon_replay(std::nullopt);  // less came than was shown
  if (!request.has_error && backend_->ledger.status() != TransactionStatus::in_block) {
    // A cancel has met the question for the id.
    request.brings_commit ? release_withheld() : drop_withheld();
    to_client_error(Error{ErrorCode::canceled, "canceling statement due to user request"});
    request.has_error = true;
  }
  if (request.brings_commit) {
    if (request.has_error) transaction_.is_xid_asked = false;  // its transaction stays, failed
    if (!request.is_simple) return;
    if (request.has_error) return finish_wrapped(ready);
  }
  request.is_commit_sent = !request.has_error;
  inject_query(request.has_error ? "ROLLBACK" : "COMMIT", Injected::commit);
}

// COMMIT has failed: so has the write. The last statement of a string outside a transaction is told as done only after that.
void SessionCore::fail_wrapped(Bytes message) {
  backend_->ledger.accept('E');
  Request& request = requests_.front();
  keep_withheld();
  if (!request.brings_commit && request.is_simple)
    answer_.withheld.resize(std::min(answer_.last_word, answer_.withheld.size()));
  request.is_commit_sent = false;  // nothing to be looked up
  emit_answer('E', message);
  note_error(request, wire::ErrorView(message.subspan(wire::kHeaderSize)));
}

// Its end is answered: the client gets what was held back. `ready` is its ReadyForQuery.
void SessionCore::finish_wrapped(Bytes ready) {
  if (requests_.front().brings_commit && !requests_.front().has_error) {
    build_.clear();
    wire::append_command_complete(build_, "COMMIT");
    emit_answer(static_cast<char>(ServerTag::command_complete), scratch_.keep(as_bytes(build_)));
  }
  emit_answer(static_cast<char>(ServerTag::ready), ready);
  if (log_end_of_request()) finish_request();
}

// The connection is lost. True: the COMMIT is being looked up, or there was nothing that could be.
bool SessionCore::look_up_wrapped(std::span<const Owed> owed) {
  if (requests_.size() != 1 || !requests_.front().is_commit_sent) return false;
  const Request& request = requests_.front();
  if (!request.is_complete || request.has_error || (!request.is_simple && !is_tellable(owed))) return false;
  const bool has_no_xid = transaction_.doubt.xid == 0;
  if (!has_no_xid && options_.primary_wait_timeout == Duration{}) return false;
  transaction_.doubtful.clear();
  if (request.brings_commit && request.is_simple) transaction_.doubtful.push_back({.kind = AnswerKind::query});
  if (request.brings_commit && !request.is_simple) transaction_.doubtful.assign(owed.begin(), owed.end());
  waiting_ = Waiting::fate;
  if (has_no_xid) {
    handle(CommitFate{transaction_.may_have_notified ? CommitOutcome::unknown : CommitOutcome::committed});
    return true;
  }
  if (replay_ != nullptr) replay_->since.reset();
  out_->push(LookUpCommit{transaction_.doubt, options_.primary_wait_timeout});
  return true;
}

}  // namespace howdah
