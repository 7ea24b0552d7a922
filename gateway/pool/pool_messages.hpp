// What a pool is told and what it wants done: reading this is reading what a pool can do.
#pragma once

#include "base/errors.hpp"
#include "base/ids.hpp"
#include "base/instant.hpp"
#include "gateway/pool/backend_state.hpp"
#include "gateway/pool/budget_messages.hpp"
#include "gateway/pool/pool_key.hpp"

#include <cstdint>
#include <variant>

namespace howdah {

// What happens. The budget's news are events too: the shell passes them on as they come.

struct LeaseAsked {
  SessionId session;
};

// Not wanted any more; nothing is answered. Not to be sent after Grant or Refuse.
struct LeaseForgotten {
  SessionId session;
};

enum class LeaseReturn : std::uint8_t { clean, must_reset, must_close };
struct LeaseReturned {
  BackendId backend;
  LeaseReturn how = LeaseReturn::clean;
};

struct BackendOpened {
  BackendId backend;
};

// backend_connection_lost: not reached. too_many_clients: the server has no slot free; waiters stay for connections of this
// pool that are open. Any other error is the server's answer to the login; all waiters are told so.
struct BackendOpenFailed {
  BackendId backend;
  Error error;
};

// The connection is gone, whoever closed it; also the answer to CloseBackend.
struct BackendLost {
  BackendId backend;
};

// Also of a check.
struct ResetDone {
  BackendId backend;
  bool is_clean = true;
};

// A cancel request to it is being sent; several may overlap.
struct CancelStarted {
  BackendId backend;
};
struct CancelEnded {
  BackendId backend;
  bool may_still_hit = false;  // it was given up on its way: the connection is not to be lent any more
};

// Another worker's pool handed it over, and it is now this worker's.
struct TakenOver {
  BackendId backend;
  Instant opened_at;
  Instant used_at;  // the last time, wherever that was
};

// node_lost or shutting_down: waiters get the error, what is not lent is closed, what is lent is closed on return.
struct PoolDrained {
  BackendCloseReason reason;
  Error error;
};

// What operators have ordered for the pool's database. Paused: nobody is lent anything, waiters stay, what is not lent is
// closed, what is lent is closed on return. Connections opened before `retire_before` go the same way.
struct OrdersChanged {
  bool is_paused = false;
  Instant retire_before = Instant::min();
};

// The node was seen up: no need to sit out the pause after failed openings.
struct NodeBack {};

// The node may come into office in a moment: so many connections, over all workers, are to be open before anybody asks.
struct LeasesExpected {
  std::uint32_t count;
};
constexpr std::uint32_t kExpectedLeases = 4;  // on each node that may be the next primary

struct PoolTick {};

using PoolEvent = std::variant<LeaseAsked, LeaseForgotten, LeaseReturned, BackendOpened, BackendOpenFailed, BackendLost,
                               ResetDone, CancelStarted, CancelEnded, TakenOver, PoolDrained, OrdersChanged, NodeBack, LeasesExpected, PoolTick,
                               PermitGranted, SpareGranted, PermitDelayed, IdleRecalled, LimitLowered, OfferAnswered>;

// What is to be done, in order.

struct Grant {
  SessionId session;
  BackendId backend;
};

struct Refuse {
  SessionId session;
  Error error;
};

// Answered by BackendOpened or BackendOpenFailed.
struct OpenBackend {
  BackendId backend;
};

// Answered by BackendLost once it is closed; may also stop a connection that is still being opened.
struct CloseBackend {
  BackendId backend;
  BackendCloseReason reason;
};

// Answered by ResetDone.
struct ResetBackend {
  BackendId backend;
};

// Whether it still answers. Answered by ResetDone.
struct CheckBackend {
  BackendId backend;
};

// Move it to that worker, whose pool of the same key gets TakenOver. This pool has forgotten it.
struct HandOver {
  BackendId backend;
  WorkerId to;
  Instant opened_at;
  Instant used_at;
};

// For Budget::on. An Offer must be answered before this pool sees any other event.
struct ToBudget {
  BudgetRequest request;
};

using PoolAction = std::variant<Grant, Refuse, OpenBackend, CloseBackend, ResetBackend, CheckBackend, HandOver, ToBudget>;

}  // namespace howdah
