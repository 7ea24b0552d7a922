// State that lives in one server connection and is not carried to another ties the session to it: the pins. They are
// taken away when a statement that is known to remove the state has succeeded outside a transaction, when the
// transaction that made it is undone, or has failed on a replica, and when the server says that it is gone (state_look.cpp).
#include "gateway/session/session_core.hpp"

namespace howdah {

using namespace session;

namespace {

// A rollback undoes these. (Advisory locks, sequences, seeds and libraries stay as they are.)
constexpr PinReasons kUndone = reasons({PinReason::setting, PinReason::temp_table, PinReason::listen,
                                        PinReason::hold_cursor, PinReason::session_authorization});

// What ties the session, perhaps. Of pg_advisory_unlock it is known only that it is about the connection.
bool may_take_away(const Traits& traits) {
  switch (traits.kind) {
    case StatementKind::drop_object:
    case StatementKind::close_cursor:
    case StatementKind::unlisten:
    case StatementKind::discard:
    case StatementKind::do_block:
    case StatementKind::call: return true;
    default: return traits.statement_count != 1 || traits.verdict.reason == RouteReason::node_local_function;
  }
}

// Whether all that the transaction did is undone: the block that ends with this request, or the request itself.
bool undoes_pins(const Request& request, TransactionStatus before) {
  if (before == TransactionStatus::idle) return request.has_error && !request.has_transaction_control;
  if (request.control == TransactionControl::rollback) return true;
  return request.control == TransactionControl::commit && (before == TransactionStatus::failed || request.has_error);
}

// Another transaction has been begun by the end of one; in several statements, perhaps.
bool may_have_chained(const Request& request) {
  return request.control == TransactionControl::commit_and_chain || request.control == TransactionControl::rollback_and_chain ||
         (request.control == TransactionControl::none && request.has_transaction_control);
}

bool undoes_and_chains(const Request& request, TransactionStatus before) {
  return request.control == TransactionControl::rollback_and_chain ||
         (request.control == TransactionControl::commit_and_chain && before == TransactionStatus::failed);
}

}  // namespace

std::optional<PinReason> SessionCore::pin_reason() const {
  for (std::size_t i = 0; i < kPinReasonCount; ++i)
    if (pins_.has(static_cast<PinReason>(i))) return static_cast<PinReason>(i);
  return std::nullopt;
}

// A statement of the newest request is about to be sent.
void SessionCore::note_statement(const Traits& traits) {
  Request& request = requests_.back();
  note_unproven_pin(traits);
  const PinReasons before = pins_;
  if (!is_refused_as_failed(traits)) pins_.add(pins_of(traits));
  request.may_unpin |= may_take_away(traits);
  // A replica has refused a part of it, perhaps without telling which.
  const bool may_write = traits.verdict.may_write || traits.notifies || rerun_.is_primary_forced;
  if (may_write) note_written_objects(traits);
  if (may_write) request.may_write = transaction_.has_written = true;
  transaction_.may_have_notified |= may_write && !traits.only_changes_rows;
  request.has_transaction_control |= traits.has_transaction_control;
  log_statement(request, traits);
  request.is_copy |= traits.copy != CopyDirection::none;
  request.unpins.add(traits.unpins);
  if (!traits.pins.is_empty()) {
    request.has_pinned = true;
    request.is_rerunnable = false;
  }
  note_sequences(traits);
  request.pinned.add(without(pins_, before));
  note_steps(request, traits);
  request.is_barrier |= !request.unpins.is_empty();
  note_transaction(traits);
  note_catalog_change(traits);
}

// The request has ended; `before` is the transaction's status before it.
void SessionCore::settle_pins(const Request& request, TransactionStatus before) {
  if (!request.has_error) take_pins_away(request);
  const bool is_void = request.has_run_nothing && requests_.empty();
  if (is_void) pins_ = without(pins_, request.pinned);
  else transaction_.pinned.add(request.pinned);
  transaction_.may_unpin |= request.may_unpin;
  if (backend_->ledger.status() != TransactionStatus::idle) {
    if (!may_have_chained(request)) return;
    const PinReasons pinned = std::exchange(transaction_.pinned, {});
    const bool is_undone = undoes_and_chains(request, before) && requests_.empty();  // what is in flight may leave it, too
    if (is_undone) pins_ = without(pins_, without(within(pinned, kUndone), transaction_.chained));
    else transaction_.chained.add(pinned);
    return;
  }
  const PinReasons chained = std::exchange(transaction_.chained, {});
  const PinReasons pinned = std::exchange(transaction_.pinned, {});
  const bool may_unpin = std::exchange(transaction_.may_unpin, false);
  if (pins_.is_empty() || !requests_.empty()) return;  // what is in flight may leave it, too
  if (undoes_pins(request, before)) {
    pins_ = without(pins_, without(within(pinned, kUndone), chained));
    if (request.is_one_statement && request.pinned.has(PinReason::load)) pins_.remove(PinReason::load);
  }
  // On a replica all that ties is refused, but behind other messages not before the server has seen it.
  if (is_on_replica_ && before == TransactionStatus::failed && !pinned.is_empty()) {
    pins_ = without(pins_, pinned);
    left_behind_.add(pinned);
  }
  const bool has_ended = before != TransactionStatus::idle || request.has_error;
  if (catalog_.is_pin_unproven) prove_pins();
  if (may_unpin || (has_ended && !(pinned.is_empty() && chained.is_empty()))) look_at_state();
}

void SessionCore::take_pins_away(const Request& request) {
  if (request.unpins.is_empty()) return;
  const bool is_discard_all = request.unpins.has(Unpin::discard_all);
  if (is_discard_all || request.unpins.has(Unpin::reset_all)) settings_.own = identity_.own_settings;
  if (is_discard_all || request.unpins.has(Unpin::deallocate_all)) forget_statements();
  if (request.has_pinned || backend_->ledger.status() != TransactionStatus::idle) return;
  if (is_discard_all || request.unpins.has(Unpin::discard_sequences)) sequences_.may_be_asked = false;
  pins_ = without(pins_, taken_away(request.unpins));
}

}  // namespace howdah
