#include "gateway/pool/outdated_logins.hpp"

#include <algorithm>
#include <cstddef>

#include "sql_router/router.hpp"

namespace howdah {

namespace {

constexpr std::ptrdiff_t kMostAwaited = 1000;  // of one standby: more are taken for a change that concerns everybody

}  // namespace

void OutdatedLogins::note(const LoginChange& change, Instant now, const ClusterView& view) {
  for (const NodeView& node : view.nodes) {
    if (view.primary == node.id) continue;
    // One that is awaited already is so from now on.
    std::erase_if(awaited_, [&](const Awaited& one) { return one.outdated.node == node.id && one.outdated.change == change; });
    const auto is_of_node = [&](const Awaited& one) { return one.outdated.node == node.id; };
    const bool is_full = std::count_if(awaited_.begin(), awaited_.end(), is_of_node) >= kMostAwaited;
    if (is_full) std::erase_if(awaited_, is_of_node);
    awaited_.push_back({{is_full ? LoginChange{} : change, node.id}, now});
  }
}

std::vector<OutdatedLogins::Outdated> OutdatedLogins::caught_up(const ClusterView& view) {
  std::vector<Outdated> out;
  std::erase_if(awaited_, [&](const Awaited& one) {
    const NodeView* node = view.find(one.outdated.node);
    if (node == nullptr) return true;
    const auto bound = bound_from(view, one.at);
    const bool is_there = view.primary == node->id || (bound && has_replayed(view, *node, *bound));
    if (is_there) out.push_back(one.outdated);
    return is_there;
  });
  return out;
}

}  // namespace howdah
