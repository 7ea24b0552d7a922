// State that lives in one server connection and is not carried to another ties the session to it: the pins. They are
// taken away when a statement that is known to remove the state has succeeded outside a transaction.
#include "gateway/session/session_core.hpp"

namespace howdah {

namespace {

struct UnpinRow {
  Unpin unpin;
  PinReason removes;
};

constexpr std::array kUnpins{
    UnpinRow{Unpin::discard_sequences, PinReason::sequence_state},
    UnpinRow{Unpin::discard_temp, PinReason::temp_table},
    UnpinRow{Unpin::reset_all, PinReason::setting},
    UnpinRow{Unpin::reset_session_authorization, PinReason::session_authorization},
    UnpinRow{Unpin::unlisten_all, PinReason::listen},
    UnpinRow{Unpin::deallocate_all, PinReason::prepared},
    UnpinRow{Unpin::close_all, PinReason::hold_cursor},
    UnpinRow{Unpin::advisory_unlock_all, PinReason::advisory_lock},
};

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
  pins_.add(pins_of(traits));
  // A replica has refused a part of it, perhaps without telling which.
  const bool may_write = traits.verdict.may_write || rerun_.is_primary_forced;
  if (may_write) note_written_objects(traits);
  if (may_write) request.may_write = transaction_.has_written = true;
  request.has_transaction_control |= traits.has_transaction_control;
  log_statement(request, traits);
  request.is_copy |= traits.copy != CopyDirection::none;
  request.unpins.add(traits.unpins);
  if (!traits.pins.is_empty()) {
    request.has_pinned = true;
    request.is_rerunnable = false;
  }
  note_sequences(traits);
  if (traits.changes_schema) {
    note_schema_change();
    request.changes_schema = true;
  }
  note_steps(request, traits);
  request.is_barrier |= !request.unpins.is_empty();
  note_transaction(traits);
  note_catalog_change(traits);
}

void SessionCore::take_pins_away(const Request& request) {
  if (request.unpins.is_empty()) return;
  const bool is_discard_all = request.unpins.has(Unpin::discard_all);
  if (is_discard_all || request.unpins.has(Unpin::reset_all)) settings_.own = identity_.own_settings;
  if (is_discard_all || request.unpins.has(Unpin::deallocate_all)) forget_statements();
  if (request.has_pinned || backend_->ledger.status() != TransactionStatus::idle) return;
  if (is_discard_all) pins_.clear();
  for (const UnpinRow& row : kUnpins)
    if (request.unpins.has(row.unpin)) pins_.remove(row.removes);
}

}  // namespace howdah
