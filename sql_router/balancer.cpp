#include "sql_router/balancer.hpp"

namespace howdah {

const NodeView* available_primary(const ClusterView& view) {
  if (view.is_switching) return nullptr;
  const NodeView* primary = view.primary_node();
  return primary != nullptr && primary->is_usable() && !primary->is_quarantined ? primary : nullptr;
}

bool may_read(const ClusterView& view, const NodeView& node) {
  if (!node.is_usable() || node.is_quarantined) return false;
  if (view.primary == node.id) return !view.is_switching;
  return node.role == Role::standby;
}

bool lags_too_much(const NodeView& node, const RoutingOptions& options) {
  if (options.delay_threshold_by_time > Duration::zero())
    return node.lag_time && *node.lag_time > options.delay_threshold_by_time;
  return options.delay_threshold > 0 && node.lag_bytes && *node.lag_bytes > options.delay_threshold;
}

}  // namespace howdah
