#include "failover/compose_view.hpp"

#include <algorithm>
#include <tuple>

#include "health/lag.hpp"

namespace howdah::failover {

namespace {

using health::NodeFacts;

Role probed_role(const NodeFacts& node) {
  if (!node.last) return Role::unknown;
  return node.last->in_recovery ? Role::standby : Role::primary;
}

Role used_role(const NodeFacts& node, const Decision& decision) {
  if (decision.known.node == node.options.id) return Role::primary;
  return probed_role(node) == Role::unknown && !decision.known.node ? Role::unknown : Role::standby;
}

NodeView view_of(const NodeFacts& node, const NodeFacts* primary, const std::vector<NodeFacts>& nodes,
                 const Decision& decision) {
  const health::ConditionRow& row = health::row_of(node.condition);
  const bool is_primary = decision.known.node == node.options.id;
  NodeView view{.id = node.options.id, .host = node.options.host, .port = node.options.port};
  view.weight = node.options.weight;
  view.state = row.published;
  view.is_quarantined = row.is_quarantined;
  if (is_primary && decision.is_trusted && !view.is_usable()) {  // silent for a moment, not given up
    view.state = NodeState::up;
    view.is_quarantined = false;
  }
  if (is_primary && !decision.contest.empty()) {
    view.state = NodeState::down;
    view.is_quarantined = true;
  }
  view.is_detached = node.condition == health::NodeCondition::detached;
  view.down_reason = is_primary && !decision.contest.empty() ? decision.contest : node.reason;
  view.state_changed_at = node.changed_at;
  view.role = used_role(node, decision);
  view.answers = node.answers;
  view.probed_role = probed_role(node);
  health::fill_positions(view, node, primary, nodes);
  return view;
}

auto fields_of(const NodeView& n) {
  return std::tie(n.id, n.host, n.port, n.weight, n.state, n.is_quarantined, n.is_detached, n.down_reason,
                  n.state_changed_at, n.role, n.answers, n.probed_role, n.timeline, n.position, n.replayed, n.lag_bytes,
                  n.lag_time, n.replication_state, n.sync_state);
}

bool is_same_sample(const std::optional<PrimarySample>& one, const std::optional<PrimarySample>& other) {
  if (!one || !other) return one.has_value() == other.has_value();
  return one->asked_at == other->asked_at && one->flushed == other->flushed;
}

}  // namespace

ClusterView compose_view(const std::vector<NodeFacts>& nodes, const Decision& decision) {
  ClusterView view;
  view.epoch = decision.epoch;
  view.is_switching = decision.is_switching;
  const auto primary = std::find_if(nodes.begin(), nodes.end(),
                                    [&](const NodeFacts& node) { return decision.known.node == node.options.id; });
  const NodeFacts* found = primary == nodes.end() ? nullptr : &*primary;
  for (const NodeFacts& node : nodes) view.nodes.push_back(view_of(node, found, nodes, decision));
  if (!decision.is_trusted || found == nullptr) return view;
  view.primary = decision.known.node;
  if (found->last && !found->last->in_recovery && found->last->flushed != Lsn{})
    view.primary_sample = PrimarySample{found->last_asked_at, found->last->flushed};
  return view;
}

bool is_same(const ClusterView& one, const ClusterView& other) {
  return one.epoch == other.epoch && one.primary == other.primary && one.is_switching == other.is_switching &&
         is_same_sample(one.primary_sample, other.primary_sample) &&
         std::equal(one.nodes.begin(), one.nodes.end(), other.nodes.begin(), other.nodes.end(),
                    [](const NodeView& a, const NodeView& b) { return fields_of(a) == fields_of(b); });
}

}  // namespace howdah::failover
