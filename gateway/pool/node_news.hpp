// What a new view says to the pools of each node. A rule: no memory of its own.
#pragma once

#include <cstdint>
#include <vector>

#include "base/ids.hpp"
#include "health/cluster_view.hpp"

namespace howdah {

enum class NodeChange : std::uint8_t {
  lost,                // not to be used any more
  back,                // a pause after failed openings is over
  may_become_primary,  // who used the old primary will want its successor
};

struct NodeNews {
  NodeId node;
  NodeChange change;
};

// In order of id, for one node as they stand above.
std::vector<NodeNews> node_news(const ClusterView& before, const ClusterView& after);

}  // namespace howdah
