// The steps that several events of a pool have in common. pool.cpp says which event leads to which.
#include "base/assert.hpp"
#include "gateway/pool/pool.hpp"

#include <algorithm>
#include <utility>

namespace howdah {

// ---- states

Pool::Record* Pool::find(BackendId id, BackendState state) {
  const auto found = backends_.find(id);
  return found == backends_.end() || found->second.state != state ? nullptr : &found->second;
}

Pool::Record& Pool::add(BackendId id, BackendState state) {
  const auto [found, is_new] = backends_.try_emplace(id, Record{.id = id, .state = state});
  HOWDAH_ASSERT(is_new);
  ++counts_[static_cast<std::size_t>(state)];
  return found->second;
}

void Pool::set_state(Record& record, BackendState to) {
  HOWDAH_ASSERT(is_legal(record.state, to));
  const BackendState from = record.state;
  if (from == BackendState::idle) leave_idle(record);
  --counts_[static_cast<std::size_t>(from)];
  ++counts_[static_cast<std::size_t>(to)];
  record.state = to;
  if (to == BackendState::idle) enter_idle(record);
  const bool is_lending = (from == BackendState::idle && to == BackendState::leased) ||
                          (from == BackendState::leased && to == BackendState::idle);
  if (is_lending) return;  // every statement does it
  log_.debug("server connection changed backend={} from={} to={} db={} user={} node={}", record.id.value, to_text(from),
             to_text(to), key_.database, key_.user, key_.node.value);
}

// Nearly always at the end; one that the budget told to keep goes back to its place.
void Pool::enter_idle(Record& record) {
  auto place = idle_.end();
  while (place != idle_.begin() && (*std::prev(place))->used_at > record.used_at) --place;
  idle_.insert(place, &record);
  expires_at_ = std::min({expires_at_, end_of_idle(record), end_of_life(record)});
}

void Pool::leave_idle(Record& record) {
  if (idle_.back() == &record) return idle_.pop_back();
  idle_.erase(std::ranges::find(idle_, &record));
}

// Connections opened together would all end together, so at most one ends in its share of a lifetime.
Instant Pool::end_of_life(const Record& record) const {
  if (settings_.server_lifetime == 0s) return Instant::max();  // used once, which recycle() sees to
  const Duration gap =
      settings_.server_lifetime / static_cast<Duration::rep>(std::max<std::size_t>(1, backends_.size()));
  return std::max(record.opened_at + settings_.server_lifetime, aged_closed_at_ + gap);
}

Instant Pool::end_of_idle(const Record& record) const {
  return settings_.server_idle_timeout > 0s ? record.used_at + settings_.server_idle_timeout : Instant::max();
}

Instant Pool::end_of_check(const Record& record) const {
  return settings_.check_timeout > 0s ? record.checked_at + settings_.check_timeout : Instant::max();
}

std::size_t Pool::unpromised_checks() const {
  if (count(BackendState::checking) == 0) return 0;
  return static_cast<std::size_t>(std::ranges::count_if(
      backends_, [](const auto& one) { return one.second.state == BackendState::checking && !one.second.is_promised; }));
}

// Few are checked at a time: one for each who waits.
Instant Pool::end_of_checks() const {
  Instant first = Instant::max();
  for (const auto& [id, record] : backends_)
    if (record.state == BackendState::checking) first = std::min(first, end_of_check(record));
  return first;
}

// ---- the way back, and out again

void Pool::recycle(Record& record, Turn& turn) {
  if (record.retired_as) return close(record, *record.retired_as, turn);
  if (record.cancels > 0) return await_cancels(record, turn);
  if (settings_.server_lifetime == 0s || turn.now >= end_of_life(record))
    return close(record, BackendCloseReason::lifetime, turn);
  if (record.must_reset) {
    set_state(record, BackendState::resetting);
    turn.out.push(ResetBackend{record.id});
    return;
  }
  set_state(record, BackendState::idle);
  make_available(record, turn);
}

void Pool::await_cancels(Record& record, Turn& turn) {
  set_state(record, BackendState::cancelling);
  renew_ticket(record, turn);
}

void Pool::make_available(Record& record, Turn& turn) {
  settle(turn);
  if (record.state == BackendState::idle && (turn.others_wait || has_surplus_)) offer(record, turn);
}

void Pool::settle(Turn& turn) {
  if (orders_.is_paused) return;
  while (!waiters_.empty() && !idle_.empty()) {
    Record& newest = *idle_.back();
    if (must_check(newest, turn)) {
      if (count(BackendState::checking) >= waiters_.size()) break;
      check(newest, turn);
      continue;
    }
    if (turn.others_wait) return offer(newest, turn);
    lend(newest, turn);
  }
  leave_tickets(turn);
}

void Pool::leave_tickets(Turn& turn) {
  auto first = waiters_.end();
  while (first != waiters_.begin() && !std::prev(first)->has_ticket) --first;
  // Each check that is under way will serve one; what was promised, one who has left a ticket.
  const auto last = waiters_.end() - static_cast<std::ptrdiff_t>(std::min(unpromised_checks(), waiters_.size()));
  for (; first < last; ++first) {
    first->has_ticket = true;
    ++tickets_;
    turn.request(AskPermit{first->session, first->since});
  }
}

void Pool::offer(Record& record, Turn& turn, bool is_unused) {
  set_state(record, BackendState::offered);
  Offer offer{.backend = record.id,
              .oldest_waiter = waiting_since(),
              .is_new = std::exchange(record.is_new, false),
              .is_unused = is_unused};
  if (!waiters_.empty() && waiters_.front().has_ticket) offer.oldest_ticket = waiters_.front().session;
  turn.request(offer);
}

void Pool::check(Record& record, Turn& turn) {
  set_state(record, BackendState::checking);
  record.checked_at = turn.now;
  turn.out.push(CheckBackend{record.id});
}

void Pool::lend(Record& record, Turn& turn, bool withdraws_ticket) {
  Waiter& waiter = waiters_.front();
  set_state(record, BackendState::leased);
  record.is_promised = false;
  turn.out.push(Grant{waiter.session, record.id});
  if (withdraws_ticket)
    drop_ticket(waiter, turn);
  else if (waiter.has_ticket)
    --tickets_;
  waiters_.pop_front();
}

// ---- opening and closing

void Pool::open(Turn& turn) {
  Record& record = add(ids_.next(), BackendState::connecting);
  record.is_new = true;
  record.opened_at = turn.now;
  turn.out.push(OpenBackend{record.id});
}

void Pool::close(Record& record, BackendCloseReason reason, Turn& turn) {
  if (reason == BackendCloseReason::lifetime) aged_closed_at_ = turn.now;
  set_state(record, BackendState::closing);
  turn.out.push(CloseBackend{record.id, reason});
  renew_ticket(record, turn);
}

void Pool::forget(Record& record, Turn& turn) {
  turn.request(ReleasePermit{.backend = record.id, .was_connecting = record.is_new});
  renew_ticket(record, turn);
  set_state(record, BackendState::gone);
  backends_.erase(record.id);
}

// A server without a free slot has none for who waits but those that this pool will get back; any other failure is told to all
// at once: the session asks another node, or tells its client.
void Pool::opening_failed(const Error& error, Turn& turn) {
  log_.log(error.row().log_level, "server connection failed error={} db={} user={} node={} text=\"{}\"",
           error.row().name, key_.database, key_.user, key_.node.value, to_text(error));
  if (!pause_.is_active()) turn.request(PauseOpening{true});
  // A role or database that is missing may be made at any moment, and slots become free: then it must not take long to be let in.
  const bool is_answer = error.code == ErrorCode::backend_login_failed || error.code == ErrorCode::too_many_clients;
  const Duration longest = is_answer ? std::min(settings_.server_login_retry, RetryPause::kShortest)
                                     : settings_.server_login_retry;
  pause_.failed(error, turn.now, longest);
  if (may_be_returned(error)) return;
  while (!waiters_.empty()) refuse_front(error, turn);
}

void Pool::end_pause(Turn& turn) {
  if (!pause_.is_active()) return;
  pause_.end();
  turn.request(PauseOpening{false});
}

// ---- for reports

std::optional<BackendState> Pool::state_of(BackendId id) const {
  const auto found = backends_.find(id);
  return found == backends_.end() ? std::nullopt : std::optional(found->second.state);
}

bool Pool::is_retired(BackendId id) const {
  const auto found = backends_.find(id);
  return found != backends_.end() && found->second.retired_as;
}

// ---- waiters

void Pool::drop_ticket(Waiter& waiter, Turn& turn) {
  if (!waiter.has_ticket) return;
  --tickets_;
  turn.request(Withdraw{waiter.session});
}

// If it was on its way to the oldest, that has come to nothing, and the budget takes it for served.
void Pool::renew_ticket(Record& record, Turn& turn) {
  if (!std::exchange(record.is_promised, false)) return;
  const auto oldest = std::ranges::find(waiters_, true, &Waiter::has_ticket);
  if (oldest == waiters_.end()) return;
  turn.request(Withdraw{oldest->session});
  turn.request(AskPermit{oldest->session, oldest->since});
  if (oldest->asked_reserve) turn.request(AskReserve{oldest->session});
}

void Pool::refuse_front(const Error& error, Turn& turn) {
  turn.out.push(Refuse{waiters_.front().session, error});
  drop_ticket(waiters_.front(), turn);
  waiters_.pop_front();
}

std::optional<Instant> Pool::waiting_since() const {
  return waiters_.empty() ? std::nullopt : std::optional(waiters_.front().since);
}

bool Pool::must_check(const Record& record, const Turn& turn) const {
  return settings_.check_delay && turn.now - record.used_at > *settings_.check_delay;
}

// Opened before it was ordered that such connections are to go.
bool Pool::is_outdated(const Record& record) const {
  return orders_.is_paused || record.opened_at < orders_.retire_before;
}

bool Pool::has_open() const {
  return backends_.size() > count(BackendState::connecting) + count(BackendState::closing);
}

// Nothing is to be had of the server, but what has been had may come back.
bool Pool::may_be_returned(const Error& error) const {
  return error.code == ErrorCode::too_many_clients && (has_open() || are_others_open_);
}

bool Pool::is_reserve_used() const {
  return settings_.limits.reserve_pool_size > 0 && settings_.reserve_pool_timeout > 0s && !orders_.is_paused;
}

bool Pool::wants_spare() const {
  return backends_.size() < settings_.limits.min_pool_size && !pause_.is_active() && !orders_.is_paused;
}

}  // namespace howdah
