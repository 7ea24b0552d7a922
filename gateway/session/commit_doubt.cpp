// A COMMIT whose answer dies with its server: did it happen? The transaction's id is asked for just before the COMMIT,
// in the same packet: its answer leaves the server before the COMMIT begins. If then the connection is lost, the
// control side looks the id up on the new primary, and the client is told what is true instead of 08007.
// So it is with the steps of a two-phase commit. The id of a prepared transaction is asked for by its name: whether the name is
// still there would not tell one that was committed from one whose PREPARE was lost with the old primary.
#include <fmt/format.h>

#include <algorithm>

#include "gateway/session/session_core.hpp"
#include "gateway/session/sql_literal.hpp"

namespace howdah {

using namespace session;

namespace {

constexpr std::size_t kBeforeText = 1 + 4 + 2 + 4;  // of a DataRow's first column (manual, "Message Formats")

// A DataRow of text; 0: NULL, or something else.
std::uint64_t xid_of(Bytes row) {
  std::uint64_t xid = 0;
  for (std::size_t i = kBeforeText; i < row.size() && row[i] >= '0' && row[i] <= '9'; ++i)
    xid = xid * 10 + static_cast<std::uint64_t>(row[i] - '0');
  return xid;
}

// The second column of such a row, if it has two.
std::string chained_begin_of(Bytes row) {
  if (row.size() < kBeforeText || row[6] != 2) return {};
  const std::uint32_t first = load_u32(row.data() + kBeforeText - 4);
  const std::size_t begin = kBeforeText + (first == ~std::uint32_t{0} ? 0 : first) + 4;
  return begin > row.size() ? std::string{} : std::string(as_text(row.subspan(begin)));
}

constexpr std::string_view kOwnXid = "SELECT pg_catalog.pg_current_xact_id_if_assigned()";
constexpr std::string_view kAssignedXid = "SELECT pg_catalog.pg_current_xact_id()";  // before PREPARE TRANSACTION and NOTIFY's COMMIT do

// The BEGIN of what COMMIT AND CHAIN begins.
constexpr std::string_view kChainedBegin =
    ", pg_catalog.concat('BEGIN ISOLATION LEVEL ', pg_catalog.current_setting('transaction_isolation'), '; SET LOCAL transaction_read_only = ', "
    "pg_catalog.current_setting('transaction_read_only'), '; SET LOCAL transaction_deferrable = ', "
    "pg_catalog.current_setting('transaction_deferrable'))";

// pg_prepared_xacts shows the lower half of the id; what is prepared began less than 2^31 ids ago.
std::string xid_of_prepared(std::string_view gid) {
  std::string sql =
      "SELECT s.x - ((s.x - p.transaction::pg_catalog.text::pg_catalog.int8) & 4294967295) FROM pg_catalog.pg_prepared_xacts p, "
      "(SELECT pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::pg_catalog.text::pg_catalog.int8) s(x) WHERE p.gid = ";
  append_literal(sql, gid);
  return sql;
}

std::string question_for(TransactionControl control, bool is_to_be_assigned) {
  const bool is_assigned = is_to_be_assigned || control == TransactionControl::prepare_transaction;
  std::string question(is_assigned ? kAssignedXid : kOwnXid);
  return control == TransactionControl::commit_and_chain ? question.append(kChainedBegin) : question;
}

bool is_end_of_transaction(TransactionControl control) {
  return control == TransactionControl::commit || control == TransactionControl::commit_and_chain ||
         control == TransactionControl::prepare_transaction;
}

std::string_view tag_of(TransactionControl control) {
  switch (control) {
    case TransactionControl::prepare_transaction: return "PREPARE TRANSACTION";
    case TransactionControl::commit_prepared: return "COMMIT PREPARED";
    case TransactionControl::rollback_prepared: return "ROLLBACK PREPARED";
    default: return "COMMIT";
  }
}

enum class DoubtEnd { done, undone, unknown };

// What the fate of the transaction says of the statement. Undone is also a second phase that cannot be any more: the server
// finds the words when it runs again.
DoubtEnd end_of(TransactionControl control, CommitOutcome outcome) {
  const bool is_rollback = control == TransactionControl::rollback_prepared;
  switch (outcome) {
    case CommitOutcome::committed: return is_rollback ? DoubtEnd::undone : DoubtEnd::done;
    case CommitOutcome::not_committed: return is_rollback ? DoubtEnd::done : DoubtEnd::undone;
    case CommitOutcome::prepared:
      if (is_second_phase(control)) return DoubtEnd::undone;
      return control == TransactionControl::prepare_transaction ? DoubtEnd::done : DoubtEnd::unknown;
    case CommitOutcome::unknown: break;
  }
  return DoubtEnd::unknown;
}

Error not_committed_error(TransactionControl control) {
  const bool is_first_phase = !is_second_phase(control);
  return Error{.code = ErrorCode::transaction_lost,
               .message = fmt::format("the server connection was lost during {0}, and the transaction was not {1}", tag_of(control),
                                      control == TransactionControl::prepare_transaction ? "prepared"
                                      : control == TransactionControl::rollback_prepared ? "rolled back"
                                                                                         : "committed"),
               .hint = is_first_phase ? "Run the transaction again." : fmt::format("Run {} again.", tag_of(control))};
}

}  // namespace

bool SessionCore::is_commit_looked_up(const Traits& traits) const {
  if (options_.commit_safety == CommitSafety::off || traits.statement_count != 1 || is_on_replica_ || is_batch_open_ ||
      transaction_.is_failed)
    return false;
  switch (traits.transaction) {
    case TransactionControl::commit: return transaction_.has_written;
    case TransactionControl::commit_and_chain:
    case TransactionControl::prepare_transaction: return transaction_.told_status == TransactionStatus::in_block;
    case TransactionControl::commit_prepared:
    case TransactionControl::rollback_prepared: return client_status() == TransactionStatus::idle;
    default: return false;
  }
}

// Strict: the COMMIT waits until the id is known. True: it does. (Not a second phase: its question has an answer on the disk.)
bool SessionCore::must_learn_xid(const Traits& traits) {
  if (options_.commit_safety != CommitSafety::strict || !is_commit_looked_up(traits) || backend_ == nullptr)
    return false;
  if (owes()) return true;
  if (transaction_.is_xid_asked || backend_->ledger.status() != TransactionStatus::in_block) return false;
  ask_xid(traits.transaction);
  return true;
}

void SessionCore::ask_xid_with(const Traits& traits) {
  if (!is_commit_looked_up(traits) || transaction_.is_xid_asked || !transaction_.deferred_begin.empty()) return;
  ask_xid(traits.transaction, traits.gid);
}

// Of the open transaction, or, before a second phase, of the one that is prepared under this name.
void SessionCore::ask_xid(TransactionControl before, std::string_view gid) {
  const bool is_prepared = is_second_phase(before);
  const bool is_to_be_assigned = transaction_.may_have_notified && options_.commit_safety == CommitSafety::strict;
  inject_query(is_prepared ? xid_of_prepared(gid) : question_for(before, is_to_be_assigned), Injected::xid);
  transaction_.doubt = {0, backend_->node(), env_.view->epoch, is_prepared, backend_->created_at, now_};
  transaction_.chained_begin.clear();
  transaction_.is_xid_asked = true;
}

void SessionCore::note_xid(Bytes row) {
  transaction_.doubt.xid = xid_of(row);
  transaction_.chained_begin = chained_begin_of(row);
}

// In a transaction that has failed before, that is nothing: its COMMIT will undo it, as the client expects. Otherwise a
// cancel has failed it here, and the COMMIT behind would be answered ROLLBACK, which looks like success to many a driver.
void SessionCore::on_xid_refused(Bytes message, std::string_view sqlstate) {
  if (sqlstate == "25P02") return;
  if (requests_.empty()) {  // the COMMIT waits for the answer
    input_.pending_error = Error{ErrorCode::canceled, "canceling statement due to user request"};
    return;
  }
  if (requests_.front().is_wrapped) return;  // end_wrapped()
  if (is_second_phase(requests_.front().control)) return;  // it runs all the same; its id stays unknown
  transaction_.is_commit_refused = true;
  emit_answer('E', message);
  note_error(requests_.front(), wire::ErrorView(message.subspan(wire::kHeaderSize)));
}

bool session::is_tellable(std::span<const Owed> owed) {
  return std::all_of(owed.begin(), owed.end(), [](const Owed& answer) {
    return answer.kind != AnswerKind::describe || answer.tag == kPortalTag;
  });
}

// The connection is lost. True: the one request in flight is such a COMMIT; its answer waits for what is found out.
bool SessionCore::look_up_commit(std::span<const Owed> owed) {
  if (look_up_wrapped(owed)) return true;
  if (!transaction_.is_xid_asked || requests_.size() != 1 || options_.primary_wait_timeout == Duration{}) return false;
  const Request& request = requests_.front();
  if (!(is_end_of_transaction(request.control) || request.is_second_phase) || !request.is_complete || request.has_error) return false;
  if (transaction_.told_status == TransactionStatus::failed) return false;  // its COMMIT undoes it
  if (owed.empty() || owed.front().audience == Audience::nobody) return false;  // the xid itself was not answered
  if (!is_tellable(owed)) return false;
  const bool has_no_xid = transaction_.doubt.xid == 0;
  if (has_no_xid && !request.is_second_phase && transaction_.may_have_notified) return false;
  if (request.control == TransactionControl::commit_and_chain && transaction_.chained_begin.empty()) return false;
  waiting_ = Waiting::fate;
  if (request.is_end_told && is_end_of_transaction(request.control)) {  // nothing is in doubt
    transaction_.doubtful.clear();
    handle(CommitFate{request.control == TransactionControl::prepare_transaction ? CommitOutcome::prepared : CommitOutcome::committed});
    return true;
  }
  transaction_.doubtful.assign(owed.begin(), owed.end());
  if (has_no_xid) {  // nothing was prepared under that name, or there is nothing to lose
    handle(CommitFate{request.is_second_phase ? CommitOutcome::prepared : CommitOutcome::committed});
    return true;
  }
  if (replay_ != nullptr) replay_->since.reset();
  out_->push(LookUpCommit{transaction_.doubt, options_.primary_wait_timeout});
  return true;
}

void SessionCore::handle(const CommitFate& event) {
  if (waiting_ != Waiting::fate || is_closed_) return;
  waiting_ = Waiting::nothing;
  const auto owed = std::exchange(transaction_.doubtful, {});
  const TransactionControl control = requests_.front().control;
  const DoubtEnd end = end_of(control, event.outcome);
  if (end != DoubtEnd::done)
    for (auto it = owed.rbegin(); it != owed.rend(); ++it) undo(*it);
  if (end == DoubtEnd::undone && (run_second_phase_again() || start_replay(transaction_.doubt.node, std::nullopt, true))) return;
  if (end != DoubtEnd::done) drop_withheld();
  transaction_.sent_begin.clear();
  forget_requests();
  prepared_.closed.clear();
  release_withheld();
  if (end == DoubtEnd::done) {
    keep_settings();
    answer_ended(owed, tag_of(control));
    written_.by_session = true;
    written_.at = now_;
    written_.bound.reset();
  } else {
    to_client_error(end == DoubtEnd::unknown ? lost_error(true) : not_committed_error(control));
  }
  transaction_.told_status = TransactionStatus::idle;
  transaction_.is_failed = false;
  if (end == DoubtEnd::done && control == TransactionControl::commit_and_chain) chain_transaction(true);
  else on_transaction_end();
  to_client_ready();
}

// COMMIT AND CHAIN has been done, and the next transaction, begun like this one, can be run again as any other. `is_lost`:
// it begins on another server, with its first statement.
void SessionCore::chain_transaction(bool is_lost) {
  const bool is_read_only = transaction_.is_read_only, is_serializable = transaction_.is_serializable;
  on_transaction_end();
  transaction_.is_read_only = is_read_only;
  transaction_.is_serializable = is_serializable;
  transaction_.deferred_begin = std::exchange(transaction_.chained_begin, {});
  if (is_lost) {
    transaction_.told_status = TransactionStatus::in_block;
  } else {
    if (!transaction_.deferred_begin.empty()) open_log({}, false);
    transaction_.deferred_begin.clear();
  }
}

// As if it had just come.
bool SessionCore::run_second_phase_again() {
  const Request& request = requests_.front();
  if (!request.is_second_phase || request.has_forwarded) return false;
  prepared_.closed.clear();
  requeue();
  on_transaction_end();
  return true;
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

}  // namespace howdah
