// What happens when a primary dies, comes back, or is exchanged. The coordinator owns the tracker, feeds it every event
// and turns its judgement into steps: one plan at a time, phase by phase (failover/phase.hpp). It alone decides who is
// primary and raises the epoch. Pure: SQL and commands leave as actions and come back as events. Control thread only.
//
// The idea: a step is repeated, never assumed. What a step was to bring about is looked for in the probes (the WAL
// receiver is gone, the node has left recovery), so a lost answer, a restart of Howdah or someone else's promotion ends
// in the same place. What cannot be had within its limit leads to `holding`, which says why and tries again.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/actions.hpp"
#include "base/log.hpp"
#include "failover/actions.hpp"
#include "failover/failover_options.hpp"
#include "failover/phase.hpp"
#include "failover/plan.hpp"
#include "health/tracker.hpp"

namespace howdah::failover {

class Coordinator {
 public:
  Coordinator(health::HealthOptions health, FailoverOptions failover, Log& log);
  ~Coordinator();

  void on(const Event& event, Instant now, Actions<Action>& out);
  std::optional<Instant> next_deadline() const;

  const ClusterView& view() const;
  Phase phase() const;
  const health::Tracker& tracker() const;
};

}  // namespace howdah::failover
