#include "gateway/pool/node_news.hpp"

#include <catch2/catch.hpp>

using namespace howdah;

namespace {

// A primary, 0, and two standbys, all in use.
ClusterView view_of_three() {
  ClusterView view;
  for (const int id : {0, 1, 2}) {
    NodeView node;
    node.id = NodeId{id};
    node.state = NodeState::up;
    node.role = id == 0 ? Role::primary : Role::standby;
    view.nodes.push_back(node);
  }
  view.primary = NodeId{0};
  return view;
}

std::string text_of(const std::vector<NodeNews>& news) {
  std::string text;
  for (const auto& [node, change] : news)
    text += std::to_string(node.value) + (change == NodeChange::lost ? "-" : change == NodeChange::back ? "+" : "!");
  return text;
}

}  // namespace

TEST_CASE("a node that is lost and one that is back are told") {
  const ClusterView all = view_of_three();
  ClusterView one_down = all;
  one_down.nodes[1].state = NodeState::down;
  CHECK(text_of(node_news(all, all)).empty());
  CHECK(text_of(node_news(all, one_down)) == "1-");
  CHECK(text_of(node_news(one_down, all)) == "1+");
}

TEST_CASE("whoever may be the next primary is told before, and the one that is has no pause to sit out") {
  const ClusterView before = view_of_three();
  ClusterView between = before;
  between.primary.reset();
  CHECK(text_of(node_news(before, between)).empty());  // nobody is replacing it
  between.is_switching = true;
  ClusterView draining = between;
  draining.primary = NodeId{0};
  CHECK(text_of(node_news(before, draining)) == "1!2!");
  CHECK(text_of(node_news(draining, between)).empty());
  CHECK(text_of(node_news(before, between)) == "1!2!");
  CHECK(text_of(node_news(between, between)).empty());
  between.nodes[0].state = between.nodes[2].state = NodeState::down;
  CHECK(text_of(node_news(before, between)) == "0-1!2-");
  ClusterView after = between;
  after.primary = NodeId{1};
  after.nodes[1].role = Role::primary;
  CHECK(text_of(node_news(between, after)) == "1+");
}
