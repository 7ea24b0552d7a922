// BEGIN alone in a simple Query is answered here and sent with the first statement, which decides where the transaction
// runs. A transaction that ends before it has a statement never reaches a server.
#include "gateway/session/session_core.hpp"

namespace howdah {

using namespace session;

namespace {

constexpr std::size_t kMaxDeferred = 4096;

// READ UNCOMMITTED is the same in PostgreSQL.
bool is_read_committed_level(Isolation isolation) {
  return isolation == Isolation::read_committed || isolation == Isolation::read_uncommitted;
}

}  // namespace

bool SessionCore::can_defer(const Traits& traits) const {
  return traits.transaction == TransactionControl::begin && traits.statement_count == 1 && pins_.is_empty() &&
         !traits.modes.is_unclear && client_status() == TransactionStatus::idle &&
         options_.pool_mode != PoolMode::statement;
}

// True if the statement has been answered. Nothing is owed.
bool SessionCore::answer_transaction_control(const Traits& traits, std::string_view sql) {
  std::string_view tag;
  if (can_defer(traits)) {
    transaction_.deferred_begin.assign(sql);
    since_.transaction = now_;
    note_transaction(traits);
    tag = as_text(as_bytes(transaction_.deferred_begin)).find_first_of("sS") == 0 ? "START TRANSACTION" : "BEGIN";
  } else if (defer_modes(traits, sql)) {
    tag = "SET";
  } else if (!transaction_.deferred_begin.empty() && traits.statement_count == 1) {
    switch (traits.transaction) {
      case TransactionControl::commit: tag = "COMMIT"; break;
      case TransactionControl::rollback: tag = "ROLLBACK"; break;
      default: return false;
    }
    transaction_.deferred_begin.clear();
    on_transaction_end();
  } else {
    return false;
  }
  build_.clear();
  wire::append_command_complete(build_, tag);
  to_client_copy(as_bytes(build_));
  to_client_ready();
  return true;
}

// SET TRANSACTION right after BEGIN: it belongs to it, and says where the transaction may run.
bool SessionCore::defer_modes(const Traits& traits, std::string_view sql) {
  const bool is_plain = traits.kind == StatementKind::set_transaction && traits.statement_count == 1 &&
                        traits.modes_scope == ModesScope::this_transaction && !traits.modes.is_unclear &&
                        !traits.modes.imports_snapshot;
  if (transaction_.deferred_begin.empty() || !is_plain ||
      transaction_.deferred_begin.size() + sql.size() > kMaxDeferred)
    return false;
  transaction_.deferred_begin += "\n;";
  transaction_.deferred_begin += sql;
  note_transaction(traits);
  return true;
}

// Whether what has only read on a standby so far can begin anew on the primary.
bool SessionCore::is_transaction_movable() const {
  return !(transaction_.movable_begin.empty() && transaction_.read_only_begin.empty()) && backend_ != nullptr &&
         is_on_replica_ && client_status() == TransactionStatus::in_block;
}

// The transaction goes on at the primary. Nothing is owed.
void SessionCore::leave_standby() {
  inject_query("ROLLBACK", Injected::drain);
  answer_.is_draining = true;
  std::string& begin = transaction_.is_read_only ? transaction_.read_only_begin : transaction_.movable_begin;
  transaction_.deferred_begin = std::exchange(begin, {});
  transaction_.has_left_standby = true;
}

void SessionCore::send_deferred_begin() {
  is_fresh_lease_ = false;
  if (transaction_.deferred_begin.empty()) return;
  inject_query(transaction_.deferred_begin, Injected::begin);
  note_sent(StatementKind::begin, transaction_.deferred_begin);
  transaction_.movable_begin.clear();
  transaction_.read_only_begin.clear();
  if (is_on_replica_ && !transaction_.is_read_only) transaction_.movable_begin = transaction_.deferred_begin;
  if (is_on_replica_ && transaction_.is_read_only) transaction_.read_only_begin = transaction_.deferred_begin;
  transaction_.sent_begin.swap(transaction_.deferred_begin);
  transaction_.deferred_begin.clear();
}

// What later statements of the transaction may do depends on how it was begun.
void SessionCore::note_transaction(const Traits& traits) {
  if (traits.transaction == TransactionControl::begin) {
    const TransactionModes& modes = traits.modes;
    transaction_.is_read_only = modes.is_read_only.value_or(transaction_.is_default_read_only);
    transaction_.is_serializable =
        modes.isolation ? *modes.isolation == Isolation::serializable : transaction_.is_default_serializable;
    transaction_.is_read_committed = !modes.is_unclear && !modes.imports_snapshot &&
                                     (modes.isolation ? is_read_committed_level(*modes.isolation) : transaction_.is_default_read_committed);
    transaction_.is_plain = transaction_.is_read_committed && !modes.is_read_only;
    transaction_.read_only_begin.clear();
  } else if (!transaction_.is_read_committed || !leaves_nothing_behind(traits)) {
    transaction_.read_only_begin.clear();
  }
  if (traits.modes_scope == ModesScope::this_transaction && traits.transaction != TransactionControl::begin) {
    transaction_.is_plain = false;
    if (traits.modes.is_read_only) transaction_.is_read_only = *traits.modes.is_read_only;
    if (traits.modes.isolation) transaction_.is_serializable = *traits.modes.isolation == Isolation::serializable;
    if (traits.modes.isolation) transaction_.is_read_committed = is_read_committed_level(*traits.modes.isolation);
  }
}

void SessionCore::on_transaction_end() {
  close_log();
  tell_catalog_change();
  transaction_.has_written = transaction_.may_have_notified = false;
  transaction_.is_xid_asked = transaction_.is_commit_refused = false;
  transaction_.doubt.xid = 0;
  transaction_.is_read_only = transaction_.is_default_read_only;
  transaction_.is_serializable = transaction_.is_default_serializable;
  since_.transaction.reset();
  transaction_.is_plain = transaction_.is_read_committed = transaction_.has_left_standby = false;
  transaction_.movable_begin.clear();
  transaction_.read_only_begin.clear();
  if (settings_.outer_own) settings_.own = *std::exchange(settings_.outer_own, std::nullopt);
}

}  // namespace howdah
