// currval and lastval answer with what earlier statements have left in the server connection, and an INSERT may leave it
// without its text telling (a serial column). Nobody may get another client's value, so what others left is discarded
// before a statement that may read it. Users who do read it have it discarded whenever they get a connection, and what
// they write ties them to it, so that INSERT and then lastval() works as it does without us. All others pay nothing.
#include "gateway/session/session_core.hpp"

namespace howdah {

// A server connection has been granted.
void SessionCore::look_for_sequences() {
  has_foreign_sequences_ = backend_->may_hold_sequences && options_.pool_mode != PoolMode::session;
  if (is_sequence_reader_ || env_.sequence_readers.size() == sequence_readers_seen_) return;
  sequence_readers_seen_ = env_.sequence_readers.size();
  is_sequence_reader_ = env_.sequence_readers.contains({identity_.user, identity_.database});
}

// An opaque statement may call anything.
bool SessionCore::needs_clean_sequences(const Traits& traits) const {
  return has_foreign_sequences_ && backend_->ledger.status() != TransactionStatus::failed &&
         (is_sequence_reader_ || traits.reads_sequences || traits.pins.has(PinReason::opaque));
}

// Inside a transaction this also takes what the transaction itself has left: its reader gets PostgreSQL's error 55000
// rather than a value that may be somebody else's.
void SessionCore::discard_sequences() {
  inject_query("DISCARD SEQUENCES", Injected::sequences);
  backend_->may_hold_sequences = has_foreign_sequences_ = false;
}

// Who draws numbers again and again and has never asked for currval or lastval (as object-relational mappers do) is not
// tied to a connection for it: should that user ever ask, it is as after an INSERT.
PinReasons SessionCore::pins_of(const Traits& traits) {
  constexpr std::uint32_t kHabit = 100;
  PinReasons pins = traits.pins;
  if (!pins.has(PinReason::sequence_state) || traits.reads_sequences || is_sequence_reader_) return pins;
  std::uint32_t& draws = env_.sequence_draws[{identity_.user, identity_.database}];
  if (draws < kHabit) ++draws;
  if (draws < kHabit || options_.pool_mode == PoolMode::session) return pins;
  pins.remove(PinReason::sequence_state);
  pins_.remove(PinReason::sequence_state);
  return pins;
}

// A statement of the newest request is about to be sent.
void SessionCore::note_sequences(const Traits& traits) {
  if (traits.reads_sequences && !is_sequence_reader_) {
    is_sequence_reader_ = true;
    env_.sequence_readers.emplace(identity_.user, identity_.database);
  }
  if (!traits.verdict.may_write || traits.transaction != TransactionControl::none) return;
  backend_->may_hold_sequences = true;
  if (!is_sequence_reader_ || options_.pool_mode == PoolMode::session || !traits.unpins.is_empty()) return;
  pins_.add(PinReason::sequence_state);
  requests_.back().has_pinned = true;
}

}  // namespace howdah
