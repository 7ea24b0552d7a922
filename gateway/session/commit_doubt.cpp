// A COMMIT whose answer dies with its server: did it happen? The transaction's id is asked for just before the COMMIT,
// in the same packet: its answer leaves the server before the COMMIT begins. If then the connection is lost, the
// control side looks the id up on the new primary, and the client is told what is true instead of 08007.
#include <algorithm>

#include "gateway/session/session_core.hpp"

namespace howdah {

using namespace session;

namespace {

// A DataRow of one text column; 0: NULL, or something else. (Manual, "Message Formats".)
std::uint64_t xid_of(Bytes row) {
  constexpr std::size_t kBeforeText = 1 + 4 + 2 + 4;
  std::uint64_t xid = 0;
  for (std::size_t i = kBeforeText; i < row.size() && row[i] >= '0' && row[i] <= '9'; ++i)
    xid = xid * 10 + static_cast<std::uint64_t>(row[i] - '0');
  return xid;
}

}  // namespace

bool SessionCore::is_commit_looked_up(const Traits& traits) const {
  return options_.commit_safety != CommitSafety::off && traits.transaction == TransactionControl::commit &&
         traits.statement_count == 1 && transaction_.has_written && !is_on_replica_ && !is_batch_open_ &&
         !transaction_.is_failed;
}

// Strict: the COMMIT waits until the id is known. True: it does.
bool SessionCore::must_learn_xid(const Traits& traits) {
  if (options_.commit_safety != CommitSafety::strict || !is_commit_looked_up(traits) || backend_ == nullptr)
    return false;
  if (owes()) return true;
  if (transaction_.is_xid_asked || backend_->ledger.status() != TransactionStatus::in_block) return false;
  ask_xid();
  return true;
}

void SessionCore::ask_xid_with(const Traits& traits) {
  if (is_commit_looked_up(traits) && !transaction_.is_xid_asked && transaction_.deferred_begin.empty()) ask_xid();
}

void SessionCore::ask_xid() {
  inject_query("SELECT pg_catalog.pg_current_xact_id_if_assigned()", Injected::xid);
  transaction_.doubt = {0, backend_->node(), env_.view->epoch};
  transaction_.is_xid_asked = true;
}

bool SessionCore::is_xid_answer() const {
  const Owed* front = backend_->ledger.front();
  return front != nullptr && front->audience == Audience::nobody &&
         front->tag == static_cast<std::uint64_t>(Injected::xid) && front->kind == AnswerKind::query;
}

void SessionCore::note_xid(Bytes row) { transaction_.doubt.xid = xid_of(row); }

// In a transaction that has failed before, that is nothing: its COMMIT will undo it, as the client expects. Otherwise a
// cancel has failed it here, and the COMMIT behind would be answered ROLLBACK, which looks like success to many a driver.
void SessionCore::on_xid_refused(Bytes message, std::string_view sqlstate) {
  if (sqlstate == "25P02") return;
  if (requests_.empty()) {  // the COMMIT waits for the answer
    input_.pending_error = Error{ErrorCode::canceled, "canceling statement due to user request"};
    return;
  }
  if (requests_.front().is_wrapped) return;  // end_wrapped()
  transaction_.is_commit_refused = true;
  emit_answer('E', message);
  note_error(requests_.front(), wire::ErrorView(message.subspan(wire::kHeaderSize)));
}

// Whether the answers that did not come are known but for how it ended.
bool SessionCore::is_tellable(std::span<const Owed> owed) {
  return std::all_of(owed.begin(), owed.end(), [](const Owed& answer) {
    return answer.kind != AnswerKind::describe || answer.tag == kPortalTag;
  });
}

// The connection is lost. True: the one request in flight is such a COMMIT; its answer waits for what is found out.
bool SessionCore::look_up_commit(std::span<const Owed> owed) {
  if (look_up_wrapped()) return true;
  if (transaction_.doubt.xid == 0 || requests_.size() != 1 || options_.primary_wait_timeout == Duration{}) return false;
  const Request& request = requests_.front();
  if (request.control != TransactionControl::commit || !request.is_complete || request.has_error) return false;
  if (owed.empty() || owed.front().audience == Audience::nobody) return false;  // the xid itself was not answered
  if (!is_tellable(owed)) return false;
  transaction_.doubtful.assign(owed.begin(), owed.end());
  waiting_ = Waiting::fate;
  if (replay_ != nullptr) replay_->since.reset();
  out_->push(LookUpCommit{transaction_.doubt, options_.primary_wait_timeout});
  return true;
}

void SessionCore::handle(const CommitFate& event) {
  if (waiting_ != Waiting::fate || is_closed_) return;
  waiting_ = Waiting::nothing;
  const auto owed = std::exchange(transaction_.doubtful, {});
  if (event.outcome == CommitOutcome::not_committed) {
    for (auto it = owed.rbegin(); it != owed.rend(); ++it) undo(*it);
    if (start_replay(transaction_.doubt.node, std::nullopt, true)) return;
  }
  if (event.outcome != CommitOutcome::committed) drop_withheld();
  transaction_.sent_begin.clear();
  forget_requests();
  prepared_.closed.clear();
  release_withheld();
  if (event.outcome == CommitOutcome::committed) {
    answer_ended(owed, "COMMIT");
    written_.by_session = true;
    written_.at = now_;
    written_.bound.reset();
  } else {
    if (event.outcome == CommitOutcome::unknown)
      for (auto it = owed.rbegin(); it != owed.rend(); ++it) undo(*it);
    to_client_error(event.outcome == CommitOutcome::unknown ? lost_error(true) : not_committed_error());
  }
  transaction_.told_status = TransactionStatus::idle;
  transaction_.is_failed = false;
  on_transaction_end();
  to_client_ready();
}

// What the server did not come to say. The last of it, ReadyForQuery, is left to the caller.
void SessionCore::answer_ended(std::span<const Owed> owed, std::string_view tag) {
  build_.clear();
  for (const Owed& answer : owed) {
    if (answer.audience != Audience::client) continue;
    switch (answer.kind) {
      case AnswerKind::parse: wire::append_bodiless(build_, wire::ServerTag::parse_complete); break;
      case AnswerKind::bind: wire::append_bodiless(build_, wire::ServerTag::bind_complete); break;
      case AnswerKind::close: wire::append_bodiless(build_, wire::ServerTag::close_complete); break;
      case AnswerKind::describe: wire::append_bodiless(build_, wire::ServerTag::no_data); break;
      case AnswerKind::query:
      case AnswerKind::execute: wire::append_command_complete(build_, tag); break;
      case AnswerKind::local: build_ += answer.text; break;
      case AnswerKind::sync:
      case AnswerKind::function_call:
      case AnswerKind::copy_end: break;
    }
  }
  to_client_copy(as_bytes(build_));
}

Error SessionCore::not_committed_error() {
  return Error{.code = ErrorCode::transaction_lost,
               .message = "the server connection was lost during COMMIT, and the transaction was not committed",
               .hint = "Run the transaction again."};
}

}  // namespace howdah
