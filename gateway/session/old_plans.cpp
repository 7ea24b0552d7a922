// "cached plan must not change result type" of a statement that another client prepared on this connection before columns
// changed unseen: one prepared now is another. (One that this client prepared before a change that was seen is refused as
// it would be without us.) The server says so when the statement is bound, before any of it has run: so whatever is bound first
// in its request, a write too, can be prepared anew and sent again. A transaction that this meets in its middle is run again if
// it can be (transaction_replay.cpp); else its client gets the error.
#include "gateway/session/session_core.hpp"

namespace howdah {

using namespace session;

// True: it is dealt with.
bool SessionCore::escape_old_plan(const wire::ErrorView& error) {
  if (!is_plan_of_others(error)) return false;
  // A write too: nothing of it has been done. But not where others are in flight behind it, which the server would do first.
  const Request& front = requests_.front();
  const bool is_alone = requests_.size() == 1 && front.may_replan && !front.has_forwarded && is_uncommitted_to_server();
  if (rerun_.retry_count < options_.max_retries && (can_rerun_all() || is_alone)) return rerun_with_new_plan(error.sqlstate()), true;
  if (!is_in_transaction() || !is_replay_possible(false)) return false;
  renew_statement(statement_of(*backend_->ledger.front()));
  lose_backend(std::nullopt, false);  // the transaction has failed there
  rerun_.avoided_node.reset();
  return true;
}

bool SessionCore::is_plan_of_others(const wire::ErrorView& error) const {
  const Owed* failed = backend_->ledger.front();
  if (error.sqlstate() != "0A000" || error.field(wire::ErrorField::routine) != "RevalidateCachedQuery") return false;
  if (failed == nullptr || (failed->kind != AnswerKind::bind && failed->kind != AnswerKind::describe)) return false;
  const PreparedStatementPtr statement = statement_of(*failed);
  return statement != nullptr && !statement->is_sql() && statement->scope == statement_scope() && !answer_.is_draining;
}

void SessionCore::rerun_with_new_plan(std::string_view sqlstate) {
  const PreparedStatementPtr old = statement_of(*backend_->ledger.front());
  drain_and_rerun(sqlstate);
  answer_.after_drain = AfterDrain::rerun_here;
  pins_ = without(pins_, requests_.front().pinned);  // it has left nothing
  renew_statement(old);
}

// It gets another name, for the client's next Bind and for everybody who prepares the text from now on.
void SessionCore::renew_statement(const PreparedStatementPtr& old) {
  env_.catalog.retire(*old);
  const PreparedStatementPtr made = env_.catalog.intern(old->scope, old->sql, as_bytes(old->types), old->traits);
  for (auto& [name, statement] : prepared_.statements)
    if (statement == old) statement = made;
  if (replay_ == nullptr) return;
  for (Replay::NameChange& change : replay_->names)
    if (change.before == old) change.before = made;
}

}  // namespace howdah
