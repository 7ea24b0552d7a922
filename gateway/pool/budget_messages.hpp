// What pools and the budget tell each other. A request is answered by replies, each to one pool of one worker; the
// shell delivers those to its own worker in the same turn and posts the others.
#pragma once

#include "base/ids.hpp"
#include "base/instant.hpp"
#include "gateway/pool/limits.hpp"
#include "gateway/pool/pool_key.hpp"

#include <cstdint>
#include <optional>
#include <variant>

namespace howdah {

// Pool to budget.

// The session waits: a permit to open a connection, please, or an open one.
struct AskPermit {
  SessionId session;
  Instant since;
};

// It waits no longer. Harmless if the budget has served its ticket meanwhile.
struct Withdraw {
  SessionId session;
};

// It has waited reserve_pool_timeout.
struct AskReserve {
  SessionId session;
};

// A permit, if the pool is below min_pool_size, or `count`, and one is free. Never queued.
struct AskSpare {
  std::uint32_t count = 0;
};

// Openings fail for now, or again succeed. While paused, this pool's tickets get open connections only.
struct PauseOpening {
  bool is_paused;
};

// The connection opened with a permit is ready and stays in this pool.
struct Opened {};

// A connection is free and somebody waits outside this pool, or it has been unused for server_idle_timeout. Answered by
// OfferAnswered.
struct Offer {
  BackendId backend;
  std::optional<Instant> oldest_waiter;    // since when the oldest of this pool waits
  std::optional<SessionId> oldest_ticket;  // the ticket it left, if any
  bool is_new = false;                     // just opened: counts as Opened too
  bool is_unused = false;                  // its time is over, unless min_pool_size keeps it
};

// The connection is gone, or was never opened.
struct ReleasePermit {
  BackendId backend;            // zero when it was never opened
  bool was_connecting = false;  // neither Opened nor offered yet
};

using BudgetRequest =
    std::variant<AskPermit, Withdraw, AskReserve, AskSpare, PauseOpening, Opened, Offer, ReleasePermit>;

// Budget to pool.

// Open one; a permit not needed any more is released.
struct PermitGranted {
  bool has_others = false;  // of this pool are open, in some worker
};

// Open one although nobody waits.
struct SpareGranted {};

// What the waiters of this pool wait for; sent when it changes.
struct PermitDelayed {
  PoolLimit limit;
};

// Somebody outside waits: offer what lies idle.
struct IdleRecalled {};

// More are open than may be any longer: offer what is free, and what comes back, until one is kept.
struct LimitLowered {};

enum class OfferVerdict : std::uint8_t {
  keep,        // let it lie idle
  serve_here,  // lend it to the oldest waiter of this pool
  hand_over,   // to the worker named
  make_room,   // close it
  expire,      // close it, it was unused for too long, or is one too many
};
struct OfferAnswered {
  BackendId backend;
  OfferVerdict verdict = OfferVerdict::keep;
  WorkerId to = {};
};

using BudgetNews = std::variant<PermitGranted, SpareGranted, PermitDelayed, IdleRecalled, LimitLowered, OfferAnswered>;

struct BudgetReply {
  WorkerId worker;
  const PoolKey* key;  // points into the budget, which never forgets a key; safe to read from every thread
  BudgetNews news;
};

}  // namespace howdah
