// Who becomes primary: the most advanced standby. Rules without memory; the coordinator freezes the standbys first, so
// that positions no longer move.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "failover/plan.hpp"
#include "health/role_detector.hpp"
#include "health/tracker.hpp"

namespace howdah::failover {

// Every node but the old primary, with the reason why it may not be elected.
std::vector<Candidate> list_candidates(const std::vector<health::NodeFacts>& nodes, const health::KnownPrimary& known);

struct Choice {
  NodeId node;
  std::string why;  // for people
};

// Highest timeline, then position; ties go to the lowest id. Nothing if nobody is eligible.
std::optional<Choice> elect(const std::vector<Candidate>& candidates);

}  // namespace howdah::failover
