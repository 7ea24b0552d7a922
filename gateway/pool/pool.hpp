// The server connections of one worker for one (database, user, node): lends them to sessions, first come first
// served, opens and closes them. The most recently used idle connection is lent first (server_round_robin = off), so
// that those not needed grow old and are closed.
//
// While nobody waits outside this pool, a lease is taken and returned without asking anybody. How many connections may
// exist, and who comes first over all workers, is the Budget's matter; requests to it are actions like all others.
//
// Knows sessions and connections by their ids only. Pure; used by one worker thread.
#pragma once

#include "base/actions.hpp"
#include "base/ids.hpp"
#include "base/instant.hpp"
#include "base/log.hpp"
#include "gateway/pool/backend_state.hpp"
#include "gateway/pool/limits.hpp"
#include "gateway/pool/pool_key.hpp"
#include "gateway/pool/pool_messages.hpp"
#include "gateway/pool/pool_options.hpp"
#include "gateway/pool/retry_pause.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>
#include <vector>

namespace howdah {

class Pool {
 public:
  // `ids` is the worker's, shared by its pools.
  Pool(PoolKey key, const PoolOptions& settings, BackendIds& ids, Log& log);

  // `others_wait`: somebody outside this pool waits for a connection (see Budget::waiting). Events about connections
  // and sessions that this pool does not know any more are ignored.
  void on(const PoolEvent& event, Instant now, bool others_wait, Actions<PoolAction>& out);
  std::optional<Instant> next_deadline() const;
  void set_settings(const PoolOptions& settings);

  const PoolKey& key() const { return key_; }
  // Waiters that the budget knows of.
  std::uint32_t ticket_count() const { return tickets_; }

  // For SHOW, metrics and tests. The count of `gone` is the number of all connections that ever left.
  std::size_t count(BackendState state) const { return counts_[static_cast<std::size_t>(state)]; }
  std::size_t backend_count() const { return backends_.size(); }
  std::size_t idle_count() const { return idle_.size(); }
  std::size_t waiting_count() const { return waiters_.size(); }
  std::optional<Instant> waiting_since() const;
  std::optional<BackendState> state_of(BackendId id) const;
  bool is_retired(BackendId id) const;  // closed when it comes back

 private:
  struct Record {
    BackendId id;
    BackendState state = BackendState::connecting;
    Instant opened_at = {};  // while connecting: when that began
    Instant used_at = {};
    Instant checked_at = {};
    std::uint32_t cancels = 0;  // cancel requests under way
    bool is_new = false;        // the budget still counts it as connecting
    bool must_reset = false;
    bool is_promised = false;   // the budget has dropped a waiter's ticket for it
    std::optional<BackendCloseReason> retired_as = {};  // set: closed when returned
  };
  struct Waiter {
    SessionId session;
    Instant since;
    bool has_ticket = false;
    bool asked_reserve = false;
  };
  struct Turn {  // one call of on()
    Instant now;
    bool others_wait;
    Actions<PoolAction>& out;

    void request(BudgetRequest request) { out.push(ToBudget{std::move(request)}); }
  };

  void on(const LeaseAsked& event, Turn& turn);
  void on(const LeaseForgotten& event, Turn& turn);
  void on(const LeaseReturned& event, Turn& turn);
  void on(const BackendOpened& event, Turn& turn);
  void on(const BackendOpenFailed& event, Turn& turn);
  void on(const BackendLost& event, Turn& turn);
  void on(const ResetDone& event, Turn& turn);
  void on(const CancelStarted& event, Turn& turn);
  void on(const CancelEnded& event, Turn& turn);
  void on(const TakenOver& event, Turn& turn);
  void on(const PoolDrained& event, Turn& turn);
  void on(const OrdersChanged& event, Turn& turn);
  void on(const NodeBack& event, Turn& turn);
  void on(const LeasesExpected& event, Turn& turn);
  void on(const PoolTick& event, Turn& turn);
  void on(const PermitGranted& event, Turn& turn);
  void on(const SpareGranted& event, Turn& turn);
  void on(const PermitDelayed& event, Turn& turn);
  void on(const IdleRecalled& event, Turn& turn);
  void on(const LimitLowered& event, Turn& turn);
  void on(const OfferAnswered& event, Turn& turn);

  Record* find(BackendId id, BackendState state);
  Record& add(BackendId id, BackendState state);
  void set_state(Record& record, BackendState to);
  void enter_idle(Record& record);
  void leave_idle(Record& record);

  // A connection that nobody uses any more: wait for cancels, reset, close, or make it available.
  void recycle(Record& record, Turn& turn);
  void await_cancels(Record& record, Turn& turn);
  void make_available(Record& record, Turn& turn);
  // Brings waiters and idle connections together, then leaves tickets for those who still wait.
  void settle(Turn& turn);
  void leave_tickets(Turn& turn);
  void offer(Record& record, Turn& turn, bool is_unused = false);
  void check(Record& record, Turn& turn);
  void lend(Record& record, Turn& turn, bool withdraws_ticket = true);
  void open(Turn& turn);
  void close(Record& record, BackendCloseReason reason, Turn& turn);
  void forget(Record& record, Turn& turn);
  void opening_failed(const Error& error, Turn& turn);
  void end_pause(Turn& turn);

  void drop_ticket(Waiter& waiter, Turn& turn);
  void renew_ticket(Record& record, Turn& turn);
  void refuse_front(const Error& error, Turn& turn);
  void refuse_late(Turn& turn);
  void ask_reserve(Turn& turn);
  void close_silent(Turn& turn);
  void close_aged(Turn& turn);
  void expire(Record& record, Turn& turn);
  void ask_spare(Turn& turn);

  bool must_check(const Record& record, const Turn& turn) const;
  bool is_outdated(const Record& record) const;
  bool has_open() const;
  bool may_be_returned(const Error& error) const;
  bool is_reserve_used() const;
  bool wants_spare() const;
  // When the connection is to be closed for its age, or because nobody uses it.
  Instant end_of_life(const Record& record) const;
  Instant end_of_idle(const Record& record) const;
  Instant end_of_check(const Record& record) const;
  Instant end_of_checks() const;
  std::size_t unpromised_checks() const;

  PoolKey key_;
  PoolOptions settings_;
  BackendIds& ids_;
  Log& log_;
  std::unordered_map<BackendId, Record> backends_;
  std::vector<Record*> idle_;   // the most recently used last
  std::deque<Waiter> waiters_;  // the oldest first; those with tickets before those without
  std::array<std::size_t, kBackendStateCount> counts_{};
  std::uint32_t tickets_ = 0;
  RetryPause pause_;
  bool are_others_open_ = false;  // of this pool, in some worker, when the newest permit was granted
  OrdersChanged orders_;  // in force
  PoolLimit limited_by_ = PoolLimit::none;
  bool has_surplus_ = false;  // more may be open than the limits now allow
  Instant aged_closed_at_ = Instant::min();  // when a connection was last closed for its age
  Instant expires_at_ = Instant::max();      // no idle connection is to be closed before
  Instant spare_at_ = Instant::min();        // when min_pool_size is looked at again
};

}  // namespace howdah
