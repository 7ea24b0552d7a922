// Drawing a node for a read. Shares are a node's weight by the sum of the weights of those that may be drawn; the
// primary takes part with its own.
#pragma once

#include <cstdint>
#include <optional>

#include "base/rng.hpp"
#include "health/cluster_view.hpp"
#include "sql_router/routing_options.hpp"

namespace howdah {

// The primary, if statements may be sent to it now.
const NodeView* available_primary(const ClusterView& view);

// Whether the node may answer reads: the available primary, or a usable standby. A second node that claims to be primary
// may not, and neither may one whose role is unknown.
bool may_read(const ClusterView& view, const NodeView& node);

// Whether a standby is further behind than the operator allows. Unknown lag is not beyond a threshold: at start, and when
// the monitor may not read pg_stat_replication, there is none.
bool lags_too_much(const NodeView& node, const RoutingOptions& options);

// By weight, among the nodes that `accepts` takes. If all of them have weight 0, the one with the lowest number; nothing
// if there is none.
template <typename Accepts>
const NodeView* draw(const ClusterView& view, Rng& rng, Accepts&& accepts) {
  double total = 0;
  const NodeView* first = nullptr;
  for (const NodeView& node : view.nodes) {
    if (!accepts(node)) continue;
    if (first == nullptr) first = &node;
    total += node.weight;
  }
  if (total <= 0) return first;
  double left = rng.unit() * total;
  const NodeView* last = first;
  for (const NodeView& node : view.nodes) {
    if (node.weight <= 0 || !accepts(node)) continue;
    last = &node;
    left -= node.weight;
    if (left < 0) break;
  }
  return last;  // rounding may leave a crumb of `left`: then the last one that could be drawn
}

// The least delayed of the nodes that `accepts` takes, all standbys; among equals by weight.
template <typename Accepts>
const NodeView* draw_least_delayed(const ClusterView& view, const RoutingOptions& options, Rng& rng,
                                   Accepts&& accepts) {
  const auto delay = [&](const NodeView& node) -> std::uint64_t {
    if (options.delay_threshold_by_time > Duration::zero())
      return static_cast<std::uint64_t>(node.lag_time.value_or(microseconds::max()).count());
    return node.lag_bytes.value_or(UINT64_MAX);
  };
  std::optional<std::uint64_t> least;
  for (const NodeView& node : view.nodes)
    if (accepts(node) && (!least || delay(node) < *least)) least = delay(node);
  return draw(view, rng, [&](const NodeView& node) { return accepts(node) && delay(node) == *least; });
}

}  // namespace howdah
