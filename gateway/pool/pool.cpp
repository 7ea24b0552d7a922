#include "gateway/pool/pool.hpp"

#include "base/assert.hpp"
#include "gateway/pool/wait_timeout.hpp"

#include <algorithm>
#include <utility>

namespace howdah {

namespace {

// How often a pool below min_pool_size asks for another connection. One at a time spreads the logins.
constexpr Duration kSparePeriod = 1s;

}  // namespace

Pool::Pool(PoolKey key, const PoolOptions& settings, BackendIds& ids, Log& log)
    : key_(std::move(key)), settings_(settings), ids_(ids), log_(log) {}

void Pool::on(const PoolEvent& event, Instant now, bool others_wait, Actions<PoolAction>& out) {
  Turn turn{now, others_wait, out};
  std::visit([&](const auto& what) { on(what, turn); }, event);
}

void Pool::set_settings(const PoolOptions& settings) {
  settings_ = settings;
  expires_at_ = Instant::min();  // the next tick looks at all idle connections anew
}

// ---- sessions

void Pool::on(const LeaseAsked& event, Turn& turn) {
  const bool is_hopeless = !orders_.is_paused && pause_.is_active() && !has_open() && !may_be_returned(*pause_.error());
  if (is_hopeless) {
    turn.out.push(Refuse{event.session, *pause_.error()});
    return;
  }
  waiters_.push_back(Waiter{.session = event.session, .since = turn.now});
  settle(turn);
}

void Pool::on(const LeaseForgotten& event, Turn& turn) {
  const auto found = std::ranges::find(waiters_, event.session, &Waiter::session);
  if (found == waiters_.end()) return;
  drop_ticket(*found, turn);
  waiters_.erase(found);
}

void Pool::on(const LeaseReturned& event, Turn& turn) {
  Record* record = find(event.backend, BackendState::leased);
  if (record == nullptr) return;
  record->used_at = turn.now;
  if (event.how == LeaseReturn::must_close) return close(*record, BackendCloseReason::returned_unusable, turn);
  record->must_reset = event.how == LeaseReturn::must_reset;
  recycle(*record, turn);
}

// ---- connections

void Pool::on(const BackendOpened& event, Turn& turn) {
  Record* record = find(event.backend, BackendState::connecting);
  if (record == nullptr) return;
  record->opened_at = record->used_at = turn.now;
  end_pause(turn);
  pause_.succeeded();
  set_state(*record, BackendState::idle);
  make_available(*record, turn);
  if (std::exchange(record->is_new, false)) turn.request(Opened{});
}

void Pool::on(const BackendOpenFailed& event, Turn& turn) {
  const auto found = backends_.find(event.backend);
  if (found == backends_.end()) return;
  if (found->second.state == BackendState::connecting) opening_failed(event.error, turn);
  forget(found->second, turn);
  settle(turn);  // for who waited for its check
}

void Pool::on(const BackendLost& event, Turn& turn) {
  on(BackendOpenFailed{event.backend, Error{.code = ErrorCode::backend_connection_lost,
                                            .message = "the server closed the connection during login"}},
     turn);
}

void Pool::on(const ResetDone& event, Turn& turn) {
  Record* record = find(event.backend, BackendState::resetting);
  if (record == nullptr) record = find(event.backend, BackendState::checking);
  if (record == nullptr) return;
  const bool is_check = record->state == BackendState::checking;
  if (is_check) record->used_at = turn.now;
  record->must_reset = false;
  const BackendCloseReason failure = is_check ? BackendCloseReason::check_failed : BackendCloseReason::reset_failed;
  event.is_clean ? recycle(*record, turn) : close(*record, failure, turn);
  const bool is_not_to_be_had = record->state == BackendState::closing || record->state == BackendState::cancelling;
  if (is_not_to_be_had) settle(turn);  // for who waited for its check
}

void Pool::on(const CancelStarted& event, Turn& turn) {
  const auto found = backends_.find(event.backend);
  if (found == backends_.end()) return;
  ++found->second.cancels;
  if (found->second.state == BackendState::idle) await_cancels(found->second, turn);
}

void Pool::on(const CancelEnded& event, Turn& turn) {
  const auto found = backends_.find(event.backend);
  if (found == backends_.end() || found->second.cancels == 0) return;
  if (event.may_still_hit) found->second.retired_as = BackendCloseReason::cancel_in_flight;
  if (--found->second.cancels == 0 && found->second.state == BackendState::cancelling) recycle(found->second, turn);
}

void Pool::on(const TakenOver& event, Turn& turn) {
  Record& record = add(event.backend, BackendState::idle);
  record.opened_at = event.opened_at;
  record.used_at = event.used_at;
  record.is_promised = true;
  enter_idle(record);
  if (is_outdated(record)) return close(record, BackendCloseReason::ordered, turn);
  make_available(record, turn);
}

void Pool::on(const PoolDrained& event, Turn& turn) {
  while (!waiters_.empty()) refuse_front(event.error, turn);
  for (auto& [id, record] : backends_) {
    if (record.state == BackendState::leased)
      record.retired_as = event.reason;
    else if (record.state != BackendState::closing)
      close(record, event.reason, turn);
  }
}

// Those that wait keep their places; their tickets would only bring connections that must not be opened.
void Pool::on(const OrdersChanged& event, Turn& turn) {
  const bool was_paused = std::exchange(orders_, event).is_paused;
  for (Waiter& waiter : waiters_) {
    if (!event.is_paused) break;
    drop_ticket(waiter, turn);
    waiter.has_ticket = waiter.asked_reserve = false;
  }
  for (auto& [id, record] : backends_) {
    if (!is_outdated(record)) continue;
    if (record.state == BackendState::leased)
      record.retired_as = BackendCloseReason::ordered;
    else if (record.state != BackendState::closing)
      close(record, BackendCloseReason::ordered, turn);
  }
  if (was_paused && !event.is_paused) settle(turn);
}

void Pool::on(const NodeBack&, Turn& turn) { end_pause(turn); }

// ---- the clock

void Pool::on(const PoolTick&, Turn& turn) {
  refuse_late(turn);
  ask_reserve(turn);
  close_silent(turn);
  close_aged(turn);
  if (pause_.is_active() && turn.now >= *pause_.ends_at()) end_pause(turn);
  ask_spare(turn);
}

std::optional<Instant> Pool::next_deadline() const {
  Instant next = Instant::max();
  if (!waiters_.empty() && settings_.query_wait_timeout > 0s)
    next = std::min(next, waiters_.front().since + settings_.query_wait_timeout);
  if (is_reserve_used()) {
    const auto first = std::ranges::partition_point(waiters_, &Waiter::asked_reserve);
    if (first != waiters_.end()) next = std::min(next, first->since + settings_.reserve_pool_timeout);
  }
  if (!idle_.empty()) next = std::min(next, expires_at_);
  if (count(BackendState::checking) > 0) next = std::min(next, end_of_checks());
  if (pause_.is_active()) next = std::min(next, *pause_.ends_at());
  if (wants_spare()) next = std::min(next, spare_at_);
  return next == Instant::max() ? std::nullopt : std::optional(next);
}

void Pool::refuse_late(Turn& turn) {
  const Duration limit = settings_.query_wait_timeout;
  while (limit > 0s && !waiters_.empty() && turn.now >= waiters_.front().since + limit)
    refuse_front(orders_.is_paused ? paused_error(key_, limit)
                                   : wait_timeout_error(key_, settings_.limits, limited_by_, limit, pause_.error()),
                 turn);
}

void Pool::ask_reserve(Turn& turn) {
  if (!is_reserve_used()) return;
  auto waiter = std::ranges::partition_point(waiters_, &Waiter::asked_reserve);
  for (; waiter != waiters_.end() && turn.now >= waiter->since + settings_.reserve_pool_timeout; ++waiter) {
    waiter->asked_reserve = true;
    turn.request(AskReserve{waiter->session});
  }
}

// What has not answered its check in the time a new connection may take: whoever waits for it gets another.
void Pool::close_silent(Turn& turn) {
  if (count(BackendState::checking) == 0 || turn.now < end_of_checks()) return;
  for (auto& [id, record] : backends_)
    if (record.state == BackendState::checking && turn.now >= end_of_check(record))
      close(record, BackendCloseReason::check_failed, turn);
  settle(turn);
}

void Pool::close_aged(Turn& turn) {
  if (turn.now < expires_at_) return;
  const auto idle = idle_;  // closing takes them out
  for (Record* record : idle) {
    if (turn.now >= end_of_idle(*record))
      expire(*record, turn);
    else if (turn.now >= end_of_life(*record))
      close(*record, BackendCloseReason::lifetime, turn);
  }
  expires_at_ = Instant::max();
  for (const Record* record : idle_) expires_at_ = std::min({expires_at_, end_of_idle(*record), end_of_life(*record)});
}

// Only the budget knows whether the other workers keep enough open.
void Pool::expire(Record& record, Turn& turn) {
  if (settings_.limits.min_pool_size > 0) return offer(record, turn, true);
  close(record, BackendCloseReason::idle_timeout, turn);
}

void Pool::ask_spare(Turn& turn) {
  if (!wants_spare() || turn.now < spare_at_) return;
  spare_at_ = turn.now + kSparePeriod;
  turn.request(AskSpare{});
}

// ---- the budget's news

void Pool::on(const PermitGranted& event, Turn& turn) {
  are_others_open_ = event.has_others;
  const bool is_wanted = waiters_.size() > count(BackendState::connecting);
  if (is_wanted && !pause_.is_active() && !orders_.is_paused) return open(turn);
  turn.request(ReleasePermit{.backend = {}, .was_connecting = true});
}

void Pool::on(const LeasesExpected& event, Turn& turn) {
  if (pause_.is_active() || orders_.is_paused) return;
  for (std::size_t have = backends_.size(); have < event.count; ++have) turn.request(AskSpare{event.count});
}

void Pool::on(const SpareGranted&, Turn& turn) {
  if (!pause_.is_active() && !orders_.is_paused) return open(turn);
  turn.request(ReleasePermit{.backend = {}, .was_connecting = true});
}

void Pool::on(const PermitDelayed& event, Turn&) { limited_by_ = event.limit; }

// The longest unused goes first: it is the one this pool misses least.
void Pool::on(const IdleRecalled&, Turn& turn) {
  if (!idle_.empty()) offer(*idle_.front(), turn);
}

void Pool::on(const LimitLowered&, Turn& turn) {
  has_surplus_ = true;
  if (!idle_.empty()) offer(*idle_.front(), turn);
}

void Pool::on(const OfferAnswered& event, Turn& turn) {
  Record* record = find(event.backend, BackendState::offered);
  HOWDAH_ASSERT(record != nullptr);
  switch (event.verdict) {
    case OfferVerdict::keep:
      has_surplus_ = false;
      if (turn.now >= end_of_idle(*record)) record->used_at = turn.now;  // kept for min_pool_size: asked again as late
      return set_state(*record, BackendState::idle);
    case OfferVerdict::expire:
      close(*record, has_surplus_ ? BackendCloseReason::ordered : BackendCloseReason::idle_timeout, turn);
      if (has_surplus_ && !idle_.empty()) offer(*idle_.front(), turn);
      return;
    case OfferVerdict::serve_here:
      set_state(*record, BackendState::idle);
      record->is_promised = true;
      must_check(*record, turn) ? check(*record, turn) : lend(*record, turn, false);
      return leave_tickets(turn);  // for who waited for a check that has served another
    case OfferVerdict::hand_over:
      turn.out.push(HandOver{record->id, event.to, record->opened_at, record->used_at});
      renew_ticket(*record, turn);
      set_state(*record, BackendState::gone);
      backends_.erase(event.backend);
      break;
    case OfferVerdict::make_room:
      close(*record, BackendCloseReason::made_room, turn);
      break;
  }
  settle(turn);
  // There may be more who wait outside; they are offered everything until the budget says keep.
  if (waiters_.empty() && !idle_.empty() && count(BackendState::offered) == 0) offer(*idle_.front(), turn);
}

}  // namespace howdah
