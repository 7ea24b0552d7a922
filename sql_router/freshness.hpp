// How fresh a read must be, as a WAL position: what a standby must have replayed before it may answer. Three things ask
// for one: the session's own writes, all writes through this gateway (read_consistency = global), and a token the
// client brought (howdah.min_lsn). A write's position is bounded by the first flush position of the primary that the
// monitor asked for after the write was acknowledged; until there is one, only the primary will do.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/lsn.hpp"
#include "health/cluster_view.hpp"
#include "sql_router/router.hpp"

namespace howdah {

// What holds for this statement: its own hint, else what the session has set, else the configuration. Where it decides for a
// whole transaction its hint does not weaken that.
ReadConsistency consistency_of(const Traits& traits, const SessionFacts& facts, const RoutingOptions& options);

// What it asks of the server that answers it. A transaction that cannot leave its server gets no more than it began with.
struct FreshnessDemand {
  ReadConsistency consistency = ReadConsistency::eventual;
  Lsn min_lsn = {};

  bool is_more_than(const FreshnessDemand& other) const { return consistency > other.consistency || min_lsn > other.min_lsn; }
};

FreshnessDemand demand_of(const Traits& traits, const SessionFacts& facts, const RoutingOptions& options);

struct Freshness {
  bool is_needed = false;               // false: any standby will do
  std::optional<Lsn> position = {};     // nothing although needed: it is not known yet
  RouteReason why = RouteReason::read;  // who asks for it, if needed

  // To be remembered, so that a later sample does not raise the bound: see SessionFacts.
  std::optional<Lsn> read_bound = {};
  std::optional<Lsn> global_bound = {};
};

Freshness needed_freshness(const Traits& traits, const SessionFacts& facts, const ClusterView& view,
                           const RoutingOptions& options);

// Whether the standby may answer.
bool is_fresh_enough(const ClusterView& view, const NodeView& standby, const Freshness& freshness);

}  // namespace howdah
