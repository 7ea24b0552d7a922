#include "gateway/session/replication_start.hpp"

#include <catch2/catch.hpp>

using namespace howdah;

namespace {

wire::StartupMessage startup(wire::Replication kind, std::string options) {
  wire::StartupMessage message;
  message.user = "replicator";
  message.replication = kind;
  message.options = std::move(options);
  message.parameters = {{"application_name", "standby1"}};
  return message;
}

ClusterView view() {
  ClusterView view;
  view.nodes = {NodeView{.id = NodeId{0}, .state = NodeState::up}, NodeView{.id = NodeId{1}, .state = NodeState::down}};
  view.primary = NodeId{0};
  return view;
}

}  // namespace

TEST_CASE("a replication connection hands its settings to the server as startup parameters") {
  using Parameters = std::vector<std::pair<std::string, std::string>>;
  const auto physical = replication_start_of(startup(wire::Replication::physical, "-c work_mem=7MB"));
  REQUIRE(physical.has_value());
  CHECK(physical->parameters ==
        Parameters{{"replication", "true"}, {"application_name", "standby1"}, {"work_mem", "7MB"}});
  CHECK_FALSE(physical->node);
  const auto logical = replication_start_of(startup(wire::Replication::logical, ""));
  REQUIRE(logical.has_value());
  CHECK(logical->parameters.front() == Parameters::value_type{"replication", "database"});
}

TEST_CASE("the node is the one that is asked for and is no setting of the server") {
  const auto start = replication_start_of(startup(wire::Replication::physical, "-c howdah.node=1"));
  REQUIRE(start.has_value());
  CHECK(start->node == NodeId{1});
  CHECK(start->parameters.size() == 2);
  CHECK(replication_start_of(startup(wire::Replication::physical, "-c howdah.node=first")).error().code ==
        ErrorCode::parameter_invalid);
  CHECK(replication_start_of(startup(wire::Replication::physical, "-c howdah.min_lsn=0/1")).error().code ==
        ErrorCode::unknown_parameter);
}

TEST_CASE("without a word it is the primary, and nobody else in its stead") {
  const ClusterView nodes = view();
  CHECK(replication_node(nodes, std::nullopt).value() == NodeId{0});
  CHECK(replication_node(nodes, NodeId{0}).value() == NodeId{0});
  CHECK(replication_node(nodes, NodeId{1}).error().code == ErrorCode::no_node);
  CHECK(replication_node(nodes, NodeId{7}).error().code == ErrorCode::no_node);
  ClusterView leaderless = nodes;
  leaderless.primary.reset();
  CHECK(replication_node(leaderless, std::nullopt).error().code == ErrorCode::no_primary);
}
