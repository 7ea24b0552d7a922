#include "gateway/pool/node_news.hpp"

namespace howdah {

std::vector<NodeNews> node_news(const ClusterView& before, const ClusterView& after) {
  const bool is_being_replaced = before.primary && !before.is_switching && after.is_switching;
  std::vector<NodeNews> news;
  for (const NodeView& node : after.nodes) {
    const NodeView* known = before.find(node.id);
    const bool was_usable = known == nullptr || known->is_usable();
    const bool is_new_primary = after.primary == node.id && before.primary != node.id;
    if (was_usable && !node.is_usable()) news.push_back({node.id, NodeChange::lost});
    if (node.is_usable() && (!was_usable || is_new_primary)) news.push_back({node.id, NodeChange::back});
    if (is_being_replaced && node.id != before.primary && node.is_usable() && node.role == Role::standby)
      news.push_back({node.id, NodeChange::may_become_primary});
  }
  return news;
}

}  // namespace howdah
