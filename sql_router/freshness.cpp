#include "sql_router/freshness.hpp"

#include <algorithm>

namespace howdah {

namespace {

// Positions from different askers: the newest counts, and one that is not known makes the whole unknown.
void demand(Freshness& freshness, std::optional<Lsn> position, RouteReason why) {
  if (!freshness.is_needed) {
    freshness.is_needed = true;
    freshness.position = position;
    freshness.why = why;
    return;
  }
  if (!freshness.position || (position && *position <= *freshness.position)) return;
  freshness.position = position;
  freshness.why = why;
}

// A transaction that cannot leave its node may come to read anything, whatever its first statement says.
bool stays(const Traits& traits, const SessionFacts& facts) {
  return traits.transaction == TransactionControl::begin || (facts.in_transaction && !facts.transaction_may_visit_standby);
}

// dml_adaptive: not a read of what the session has not touched.
bool may_miss_writes(const Traits& traits, const SessionFacts& facts, const RoutingOptions& options) {
  if (options.disable_load_balance_on_write != WriteEffect::dml_adaptive || facts.written_objects == nullptr) return true;
  return stays(traits, facts) || facts.written_objects->concern(traits);
}

}  // namespace

ReadConsistency consistency_of(const Traits& traits, const SessionFacts& facts, const RoutingOptions& options) {
  const ReadConsistency otherwise = facts.read_consistency.value_or(options.read_consistency);
  if (!traits.read_consistency) return otherwise;
  return stays(traits, facts) ? std::max(otherwise, *traits.read_consistency) : *traits.read_consistency;
}

FreshnessDemand demand_of(const Traits& traits, const SessionFacts& facts, const RoutingOptions& options) {
  return {consistency_of(traits, facts, options), facts.min_lsn.value_or(Lsn{})};
}

Freshness needed_freshness(const Traits& traits, const SessionFacts& facts, const ClusterView& view,
                           const RoutingOptions& options) {
  Freshness freshness;
  const ReadConsistency consistency = consistency_of(traits, facts, options);
  if (facts.min_lsn) demand(freshness, facts.min_lsn, RouteReason::min_lsn);
  if (consistency != ReadConsistency::eventual && facts.wrote_at && may_miss_writes(traits, facts, options)) {
    freshness.read_bound = facts.read_bound ? facts.read_bound : bound_from(view, *facts.wrote_at);
    demand(freshness, freshness.read_bound, RouteReason::read_your_writes);
  }
  if (consistency == ReadConsistency::global) {
    freshness.global_bound = facts.global_bound;
    if (!freshness.global_bound && facts.anyone_wrote_at)
      freshness.global_bound = bound_from(view, *facts.anyone_wrote_at);
    demand(freshness, freshness.global_bound, RouteReason::global_consistency);
  }
  return freshness;
}

bool is_fresh_enough(const ClusterView& view, const NodeView& standby, const Freshness& freshness) {
  return !freshness.is_needed || (freshness.position && has_replayed(view, standby, *freshness.position));
}

}  // namespace howdah
