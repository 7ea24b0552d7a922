// BEGIN alone in a simple Query is answered here and sent with the first statement, which decides where the transaction
// runs. A transaction that ends before it has a statement never reaches a server.
#include "gateway/session/session_core.hpp"

namespace howdah {

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
    deferred_begin_.assign(sql);
    transaction_since_ = now_;
    note_transaction(traits);
    tag = as_text(as_bytes(deferred_begin_)).find_first_of("sS") == 0 ? "START TRANSACTION" : "BEGIN";
  } else if (defer_modes(traits, sql)) {
    tag = "SET";
  } else if (!deferred_begin_.empty() && traits.statement_count == 1) {
    switch (traits.transaction) {
      case TransactionControl::commit: tag = "COMMIT"; break;
      case TransactionControl::rollback: tag = "ROLLBACK"; break;
      default: return false;
    }
    deferred_begin_.clear();
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
  if (deferred_begin_.empty() || !is_plain || deferred_begin_.size() + sql.size() > kMaxDeferred) return false;
  deferred_begin_ += "\n;";
  deferred_begin_ += sql;
  note_transaction(traits);
  return true;
}

// Whether what has only read on a standby so far can begin anew on the primary.
bool SessionCore::is_transaction_movable() const {
  return !movable_begin_.empty() && backend_ != nullptr && is_on_replica_ &&
         client_status() == TransactionStatus::in_block;
}

// The transaction goes on at the primary. Nothing is owed.
void SessionCore::leave_standby() {
  inject_query("ROLLBACK", Injected::drain);
  is_draining_ = true;
  deferred_begin_.swap(movable_begin_);
  movable_begin_.clear();
}

void SessionCore::send_deferred_begin() {
  is_fresh_lease_ = false;
  if (!reapply_.empty()) restore_settings();
  if (deferred_begin_.empty()) return;
  inject_query(deferred_begin_, Injected::begin);
  note_sent(StatementKind::begin, deferred_begin_);
  movable_begin_.clear();
  if (is_on_replica_ && !is_transaction_read_only_) movable_begin_ = deferred_begin_;
  sent_begin_.swap(deferred_begin_);
  deferred_begin_.clear();
}

// What later statements of the transaction may do depends on how it was begun.
void SessionCore::note_transaction(const Traits& traits) {
  if (traits.transaction == TransactionControl::begin) {
    const TransactionModes& modes = traits.modes;
    is_transaction_read_only_ = modes.is_read_only.value_or(is_default_read_only_);
    is_transaction_serializable_ =
        modes.isolation ? *modes.isolation == Isolation::serializable : is_default_serializable_;
    const bool is_read_committed = modes.isolation ? is_read_committed_level(*modes.isolation) : is_default_read_committed_;
    is_transaction_plain_ = is_read_committed && !modes.is_read_only && !modes.is_unclear && !modes.imports_snapshot;
  }
  if (traits.modes_scope == ModesScope::this_transaction && traits.transaction != TransactionControl::begin) {
    is_transaction_plain_ = false;
    if (traits.modes.is_read_only) is_transaction_read_only_ = *traits.modes.is_read_only;
    if (traits.modes.isolation) is_transaction_serializable_ = *traits.modes.isolation == Isolation::serializable;
  }
}

void SessionCore::on_transaction_end() {
  has_transaction_written_ = false;
  is_transaction_read_only_ = is_default_read_only_;
  is_transaction_serializable_ = is_default_serializable_;
  transaction_since_.reset();
  is_transaction_plain_ = false;
  movable_begin_.clear();
  if (outer_settings_) settings_ = *std::exchange(outer_settings_, std::nullopt);
}

}  // namespace howdah
