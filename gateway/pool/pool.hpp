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
#include "base/errors.hpp"
#include "base/ids.hpp"
#include "base/instant.hpp"
#include "base/log.hpp"
#include "gateway/pool/backend_state.hpp"
#include "gateway/pool/budget_messages.hpp"
#include "gateway/pool/pool_key.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>
#include <variant>
#include <vector>

namespace howdah {

struct PoolSettings {
  PoolLimits limits;                    // for texts and timing; the counting is the budget's
  Duration reserve_pool_timeout = 5s;   // 0: the reserve is not used
  Duration query_wait_timeout = 120s;   // 0: wait for ever
  Duration server_lifetime = 3600s;     // 0: use once
  Duration server_idle_timeout = 600s;  // 0: never
  Duration server_login_retry = 15s;    // the longest pause after failed openings; the first is short
};

// ---- what happens
// ----------------------------------------------------------------------------------------------------- Budget news
// (PermitGranted ... OfferAnswered) are events too: the shell passes them on as they come.

enum class LeaseReturn : std::uint8_t { clean, must_reset, must_close };

struct LeaseAsked {
  SessionId session;
};
struct LeaseForgotten {
  SessionId session;
};  // not wanted any more; nothing is answered. Not after Grant or Refuse.
struct LeaseReturned {
  BackendId backend;
  LeaseReturn how = LeaseReturn::clean;
};
struct BackendOpened {
  BackendId backend;
};
struct BackendOpenFailed {
  BackendId backend;
  Error error;
};  // backend_connection_lost: not reached; else its own words
struct BackendLost {
  BackendId backend;
};  // the connection is gone, whoever closed it; also the answer to Close
struct ResetDone {
  BackendId backend;
  bool is_clean = true;
};
struct CancelStarted {
  BackendId backend;
};  // a cancel request to it is being sent; may overlap with others
struct CancelEnded {
  BackendId backend;
};
struct TakenOver {
  BackendId backend;
  Instant opened_at;
};  // another worker's pool handed it over
struct PoolDrained {
  BackendCloseReason reason;
  Error error;
};                   // node_lost or shutting_down: waiters get the error
struct NodeBack {};  // the node was seen up: no need to wait for the pause after failed openings to end
struct PoolTick {};

using PoolEvent = std::variant<LeaseAsked, LeaseForgotten, LeaseReturned, BackendOpened, BackendOpenFailed, BackendLost,
                               ResetDone, CancelStarted, CancelEnded, TakenOver, PoolDrained, NodeBack, PoolTick,
                               PermitGranted, SpareGranted, PermitDelayed, IdleRecalled, OfferAnswered>;

// ---- what is to be done, in order
// ---------------------------------------------------------------------------------------

struct Grant {
  SessionId session;
  BackendId backend;
};
struct Refuse {
  SessionId session;
  Error error;
};
struct OpenBackend {
  BackendId backend;
};  // answered by BackendOpened or BackendOpenFailed
struct CloseBackend {
  BackendId backend;
  BackendCloseReason reason;
};  // answered by BackendLost, once it is closed
struct ResetBackend {
  BackendId backend;
};  // answered by ResetDone
struct HandOver {
  BackendId backend;
  WorkerId to;
  Instant opened_at;
};  // move it; the other pool gets TakenOver
// To Budget::on. An Offer must be answered before this pool sees any other event.
struct ToBudget {
  BudgetRequest request;
};

using PoolAction = std::variant<Grant, Refuse, OpenBackend, CloseBackend, ResetBackend, HandOver, ToBudget>;

// ---- the pool
// -----------------------------------------------------------------------------------------------------------

class Pool {
 public:
  Pool(PoolKey key, const PoolSettings& settings, BackendIds& ids, Log& log);

  // `others_wait`: somebody outside this pool waits for a connection (see Budget::waiting). Events about connections
  // this pool does not know (any more) are ignored.
  void on(const PoolEvent& event, Instant now, bool others_wait, Actions<PoolAction>& out);
  std::optional<Instant> next_deadline() const;
  void set_settings(const PoolSettings& settings) { settings_ = settings; }

  const PoolKey& key() const { return key_; }
  std::uint32_t ticket_count() const { return tickets_; }
  // For SHOW, metrics and tests.
  std::size_t count(BackendState state) const { return counts_[static_cast<std::size_t>(state)]; }
  std::size_t backend_count() const { return backends_.size(); }
  std::size_t idle_count() const { return idle_.size(); }
  std::size_t waiting_count() const { return waiters_.size(); }
  std::optional<Instant> waiting_since() const;

 private:
  struct Record {
    BackendId id;
    BackendState state = BackendState::connecting;
    Instant opened_at = {};
    Instant used_at = {};
    std::uint32_t cancels = 0;  // cancel requests under way
    bool must_reset = false;
    bool is_retired = false;  // older than the last drain: closed when returned
  };
  struct Waiter {
    SessionId session;
    Instant since;
    bool has_ticket = false;
    bool asked_reserve = false;
  };

  PoolKey key_;
  PoolSettings settings_;
  BackendIds& ids_;
  Log& log_;
  std::unordered_map<BackendId, Record> backends_;
  std::vector<Record*> idle_;   // the most recently used last
  std::deque<Waiter> waiters_;  // the oldest first
  std::array<std::size_t, kBackendStateCount> counts_{};
  std::uint32_t tickets_ = 0;
};

}  // namespace howdah
