// Puts the published view together from the tracker's facts and the coordinator's decision. Rules without memory.
#pragma once

#include <string>

#include "health/cluster_view.hpp"
#include "health/role_detector.hpp"
#include "health/tracker.hpp"

namespace howdah::failover {

struct Decision {
  Epoch epoch = {};
  health::KnownPrimary known = {};
  bool is_trusted = false;    // the known primary may be sent writes
  bool is_switching = false;
  std::string contest = {};   // why the known primary may be the wrong one, so that it is shut to clients; empty: it is not
};

ClusterView compose_view(const std::vector<health::NodeFacts>& nodes, const Decision& decision);

// Equal but for the version.
bool is_same(const ClusterView& one, const ClusterView& other);

}  // namespace howdah::failover
