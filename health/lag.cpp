#include "health/lag.hpp"

#include <algorithm>

namespace howdah::health {

const ReplicationRow* find_replication_row(const std::vector<ReplicationRow>& rows, const NodeOptions& standby,
                                           const std::vector<NodeFacts>& nodes) {
  const ReplicationRow* found = nullptr;
  if (!standby.application_name.empty()) {
    for (const ReplicationRow& row : rows)
      if (row.application_name == standby.application_name && (found == nullptr || row.state == "streaming")) found = &row;
    return found;
  }
  const auto sharing = std::count_if(nodes.begin(), nodes.end(),
                                     [&](const NodeFacts& node) { return node.options.host == standby.host; });
  for (const ReplicationRow& row : rows) {
    if (row.client_address != standby.host) continue;
    if (found != nullptr || sharing > 1) return nullptr;
    found = &row;
  }
  return found;
}

void fill_positions(NodeView& view, const NodeFacts& node, const NodeFacts* primary,
                    const std::vector<NodeFacts>& nodes) {
  if (!node.last) return;
  view.timeline = node.timeline;
  view.position = node.position;
  view.replayed = node.last->in_recovery ? node.last->replayed : node.last->flushed;
  const bool is_primary_known = primary != nullptr && primary->last && primary->last->flushed != Lsn{};
  if (!is_primary_known || primary == &node || !node.last->in_recovery) return;
  view.lag_bytes = lag_bytes(primary->last->flushed, node.last->replayed);
  if (const ReplicationRow* row = find_replication_row(primary->last->standbys, node.options, nodes)) {
    view.lag_time = row->replay_lag;
    view.replication_state = row->state;
    view.sync_state = row->sync_state;
  }
}

}  // namespace howdah::health
