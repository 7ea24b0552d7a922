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

// ---- pool to budget
// --------------------------------------------------------------------------------------------------

struct AskPermit {
  SessionId session;
  Instant since;
};  // the session waits: a permit to open, or a connection, please
struct Withdraw {
  SessionId session;
};  // it waits no longer; harmless if the budget knows it no more
struct AskReserve {
  SessionId session;
};                   // it has waited reserve_pool_timeout
struct AskSpare {};  // min_pool_size: a permit if one is free, never queued
struct Opened {};    // a permit's connection is open and stays in this pool
struct Offer {       // a connection is free; answered by OfferAnswered
  BackendId backend;
  std::optional<Instant> oldest_waiter;  // since when the oldest of this pool waits
  bool is_new = false;                   // just opened: counts as Opened too
};
struct ReleasePermit {  // the connection is gone, or was never opened
  BackendId backend;    // zero when it was never opened
  bool was_connecting = false;
};
using BudgetRequest = std::variant<AskPermit, Withdraw, AskReserve, AskSpare, Opened, Offer, ReleasePermit>;

// ---- budget to pool
// --------------------------------------------------------------------------------------------------

struct PermitGranted {};  // open one; a permit not needed any more is released
struct SpareGranted {};   // open one although nobody waits
struct PermitDelayed {
  PoolLimit limit;
};                       // what the waiters of this pool wait for; sent when it changes
struct IdleRecalled {};  // somebody outside waits: offer what lies idle
enum class OfferVerdict : std::uint8_t { keep, serve_here, hand_over, make_room };
struct OfferAnswered {
  BackendId backend;
  OfferVerdict verdict = OfferVerdict::keep;
  WorkerId to = {};  // for hand_over
};
using BudgetNews = std::variant<PermitGranted, SpareGranted, PermitDelayed, IdleRecalled, OfferAnswered>;

struct BudgetReply {
  WorkerId worker;
  const PoolKey* key;  // points into the budget, which never forgets a key; safe to read from every thread
  BudgetNews news;
};

}  // namespace howdah
