// currval and lastval answer with what earlier statements have left in the server connection, and an INSERT may leave
// it without its text telling (a serial column). Nobody may get another client's value, so what others left is
// discarded before a statement that may read it, or add to it. Users who do read it have it discarded whenever they get a
// connection, and what they write ties them to it, so that INSERT and then lastval() works as it does without us. Of others
// that is not known yet: at first what they insert makes them keep the connection, too, though only as long as nobody
// waits for it. All others pay nothing where the database has no sequences.
//
// Neither lasts for ever: a client gives its connection to whoever waits when it says nothing for a moment, and one that is
// never silent before a statement that does not ask for anything. What it has left there is still told to it if nobody has
// written on the connection when it gets it again, and it itself nowhere else; else the server says 55000.
#include <algorithm>

#include "gateway/session/session_core.hpp"

namespace howdah {

using namespace session;

namespace {

constexpr std::uint32_t kHabit = 100;  // so many numbers drawn, and none asked for again

// How long a client keeps its connection although others wait. The next statement of a program comes sooner.
constexpr Duration kPatience = 1s;               // for those who do ask
constexpr Duration kPatienceOnTrial = 20ms;      // at most kHabit times
constexpr Duration kLookInterval = 100ms;        // whether others wait

Duration patience_of(PinReasons pins) { return pins.is_empty() ? kPatienceOnTrial : kPatience; }

void forget_draws(Sequences& sequences, PinReasons& pins) {
  sequences.may_be_asked = false;
  pins.remove(PinReason::sequence_state);
}

// One more is drawn.
bool has_habit(Surroundings& env, const ClientIdentity& who, std::uint32_t Surroundings::SequenceDraws::* which) {
  std::uint32_t& draws = env.sequence_draws[{who.user, who.database}].*which;
  if (draws < kHabit) ++draws;
  return draws == kHabit;
}

constexpr PinReasons kDraws = reasons({PinReason::sequence_state, PinReason::opaque});  // surely, or perhaps

}  // namespace

// A server connection has been granted.
void SessionCore::look_for_sequences() {
  const SessionId owner = backend_->sequence_owner;
  const bool is_newest = owner == identity_.id && backend_->id == sequences_.written_on;  // else later values are elsewhere
  sequences_.are_foreign = owner != kNoSession && !is_newest && options_.pool_mode != PoolMode::session;
  sequences_.may_be_asked = false;
  sequences_.wanted_since.reset();
  if (sequences_.is_reader || env_.sequence_readers->count() == sequences_.readers_seen) return;
  sequences_.readers_seen = env_.sequence_readers->count();
  sequences_.is_reader = env_.sequence_readers->contains(identity_.user, identity_.database);
}

// What may draw a number without its text telling: who asks for it afterwards shall find it. What was made a moment ago the
// catalog does not tell of yet.
bool SessionCore::may_draw_unseen(const Traits& traits) const {
  const bool adds_rows = traits.kind == StatementKind::insert || traits.kind == StatementKind::merge ||
                         traits.kind == StatementKind::copy_from_client || !traits.pins.is_empty();
  return adds_rows && traits.verdict.may_write && (traits.names_unlisted || facts_in_force().may_have_sequences());
}

// An opaque statement may call anything.
bool SessionCore::needs_clean_sequences(const Traits& traits) const {
  return sequences_.are_foreign && backend_->ledger.status() != TransactionStatus::failed &&
         (sequences_.is_reader || traits.reads_sequences || !within(traits.pins, kDraws).is_empty() || may_draw_unseen(traits));
}

// Within the batch it would be too late for what has not been seen yet.
bool SessionCore::batch_needs_clean_sequences() const {
  if (!sequences_.are_foreign) return false;
  static const Traits kAnything = [] {
    Traits traits;
    traits.pins.add(PinReason::opaque);
    return traits;
  }();
  return (!scan_.is_ended && needs_clean_sequences(kAnything)) ||
         std::any_of(scan_.run.begin(), scan_.run.end(),
                     [this](const Traits* traits) { return needs_clean_sequences(*traits); });
}

// Inside a transaction this also takes what the transaction itself has left: its reader gets PostgreSQL's error 55000
// rather than a value that may be somebody else's.
void SessionCore::discard_sequences() {
  inject_query("DISCARD SEQUENCES", Injected::sequences);
  backend_->sequence_owner = kNoSession;
  sequences_.are_foreign = false;
}

// A statement needs another node, and the connection goes back for that, but for one whose values may be asked for: a read in
// between takes nothing from the client. In session mode each is kept.
void SessionCore::park_backend() {
  const bool may_be_asked = sequences_.may_be_asked && left_behind_.is_empty() && backend_->is_reusable();
  if (options_.pool_mode != PoolMode::session && !may_be_asked) return return_backend(LeaseEnd::clean);
  sequences_.may_be_asked = false;
  sequences_.next_look = now_ + kPatienceOnTrial;
  kept_.push_back(std::exchange(backend_, nullptr));
}

// Who draws numbers again and again and has never asked for currval or lastval (as object-relational mappers do) is not
// tied to a connection for it: should that user ever ask, it is as after an INSERT.
PinReasons SessionCore::pins_of(const Traits& traits) {
  PinReasons pins = traits.pins;
  if (!pins.has(PinReason::sequence_state) || traits.reads_sequences || sequences_.is_reader) return pins;
  if (!has_habit(env_, identity_, &Surroundings::SequenceDraws::told) || options_.pool_mode == PoolMode::session) return pins;
  pins.remove(PinReason::sequence_state);
  pins_.remove(PinReason::sequence_state);
  return pins;
}

// A statement of the newest request is about to be sent.
void SessionCore::note_sequences(const Traits& traits) {
  const bool discards = traits.unpins.has(Unpin::discard_all) || traits.unpins.has(Unpin::discard_sequences);
  if (discards && !is_refused_as_failed(traits)) sequences_.written_on = {};
  if (traits.reads_sequences && !sequences_.is_reader) {
    sequences_.is_reader = true;
    env_.sequence_readers->add(identity_.user, identity_.database);
  }
  if (!traits.verdict.may_write || traits.transaction != TransactionControl::none) return;
  backend_->sequence_owner = sequences_.are_foreign ? kSeveralSessions : identity_.id;
  if (!discards) sequences_.written_on = backend_->id;
  if (options_.pool_mode == PoolMode::session || !traits.unpins.is_empty()) return;
  if (sequences_.is_reader) {
    pins_.add(PinReason::sequence_state);
    requests_.back().has_pinned = true;
  } else if (env_.is_wanted && pins_.is_empty() && may_draw_unseen(traits)) {
    sequences_.may_be_asked = !has_habit(env_, identity_, &Surroundings::SequenceDraws::untold);
  }
}

// Nothing but what currval and lastval may be asked for keeps the connection.
bool SessionCore::keeps_only_sequences() const {
  const bool is_kept = pins_ == kLoosely || (pins_.is_empty() && sequences_.may_be_asked);
  return is_kept && backend_ != nullptr && requests_.empty() && backend_->ledger.status() == TransactionStatus::idle &&
         !is_batch_open_ && waiting_ == Waiting::nothing && options_.pool_mode != PoolMode::session;
}

std::optional<Instant> SessionCore::sequence_look_time() const {
  if (options_.pool_mode != PoolMode::session && !kept_.empty()) return sequences_.next_look;
  if (!keeps_only_sequences() || client_status() != TransactionStatus::idle || !since_.idle) return std::nullopt;
  return std::max(*since_.idle + patience_of(pins_), sequences_.next_look);
}

// Its time has come.
void SessionCore::look_who_waits() {
  sequences_.next_look = now_ + kLookInterval;
  if (!env_.is_wanted) return;
  if (!kept_.empty()) {
    std::erase_if(kept_, [this](Backend* kept) {
      const bool is_wanted = env_.is_wanted(*kept);
      if (is_wanted) out_->push(ReturnLease{kept, LeaseEnd::clean});
      return is_wanted;
    });
  } else if (env_.is_wanted(*backend_)) {
    forget_draws(sequences_, pins_);
  }
}

// The statement is about to be given a connection.
void SessionCore::yield_before(const Traits& traits) {
  if (traits.reads_sequences || !env_.is_wanted || !keeps_only_sequences()) return;
  if (!env_.is_wanted(*backend_)) return sequences_.wanted_since.reset();
  if (!sequences_.wanted_since) sequences_.wanted_since = now_;
  if (now_ < *sequences_.wanted_since + patience_of(pins_)) return;
  forget_draws(sequences_, pins_);
  return_backend(LeaseEnd::clean);
}

}  // namespace howdah
