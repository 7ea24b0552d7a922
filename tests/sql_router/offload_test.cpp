#include "sql_router/offload.hpp"

#include <catch2/catch.hpp>

using namespace howdah;

namespace {

ClusterView two_nodes() {
  ClusterView view;
  for (const int id : {0, 1}) {
    NodeView node;
    node.id = NodeId{id};
    node.weight = id;
    node.state = NodeState::up;
    node.role = id == 0 ? Role::primary : Role::standby;
    view.nodes.push_back(node);
  }
  view.primary = NodeId{0};
  return view;
}

}  // namespace

TEST_CASE("a list of statements is judged by its share of reads and the commonest objections") {
  const ClusterView view = two_nodes();
  OffloadReport report(std::make_shared<const RoutingOptions>(), view);
  for (int i = 0; i < 6; ++i) report.add("", "SELECT * FROM t WHERE id = " + std::to_string(i));
  for (int i = 0; i < 3; ++i) report.add("", "INSERT INTO t\n VALUES (" + std::to_string(i) + ")");
  report.add("", "SELECT nextval('s')");
  report.add("", "SHOW POOL_NODES");  // no server ever sees it
  CHECK(report.statements() == 10);
  CHECK(report.offloaded() == 6);
  const auto objections = report.objections(10);
  REQUIRE(objections.size() == 2);
  CHECK(objections[0].count == 3);
  CHECK(objections[0].reason == RouteReason::write);
  CHECK(objections[0].because == "insert");
  CHECK(objections[0].example == "INSERT INTO t VALUES (0)");
  CHECK(objections[1].because == "nextval");
  CHECK(report.objections(1).size() == 1);
  const std::string text = report.text();
  CHECK(text.find("6 of 10 statements (60.0 %)") != std::string::npos);
  CHECK(text.find("write (insert)") != std::string::npos);
}

TEST_CASE("transactions are followed by session") {
  const ClusterView view = two_nodes();
  OffloadReport report(std::make_shared<const RoutingOptions>(), view);
  report.add("a", "BEGIN");
  report.add("b", "BEGIN READ ONLY");
  report.add("a", "SELECT 1");  // may be followed by a write
  report.add("b", "SELECT 1");
  report.add("c", "SELECT 1");
  report.add("a", "COMMIT");
  report.add("a", "SELECT 1");
  CHECK(report.transaction_commands() == 3);
  CHECK(report.statements() == 4);
  CHECK(report.offloaded() == 3);
  REQUIRE(report.objections(10).size() == 1);
  CHECK(report.objections(10)[0].reason == RouteReason::explicit_transaction);
}

TEST_CASE("nothing to judge is no division by zero") {
  const ClusterView view = two_nodes();
  OffloadReport report(std::make_shared<const RoutingOptions>(), view);
  CHECK(report.text().find("0 of 0 statements (0.0 %)") != std::string::npos);
}
