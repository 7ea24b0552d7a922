// How far a standby is behind, and what the primary says of it. Rules without memory.
#pragma once

#include <optional>
#include <vector>

#include "health/cluster_view.hpp"
#include "health/tracker.hpp"

namespace howdah::health {

// The primary's row for this standby: by backend_application_name, else by its address where that is unambiguous
// (no other node and no other row has it). Null if nothing fits.
const ReplicationRow* find_replication_row(const std::vector<ReplicationRow>& rows, const NodeOptions& standby,
                                           const std::vector<NodeFacts>& nodes);

// Fills position, replayed, lag and replication state of one node's view.
void fill_positions(NodeView& view, const NodeFacts& node, const NodeFacts* primary,
                    const std::vector<NodeFacts>& nodes);

}  // namespace howdah::health
