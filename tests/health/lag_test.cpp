#include "health/lag.hpp"

#include <catch2/catch.hpp>

using namespace howdah;
using namespace howdah::health;

namespace {

NodeFacts node(int id, std::string host, std::string application_name = "") {
  return {.options = {.id = NodeId{id}, .host = std::move(host), .application_name = std::move(application_name)}};
}

}  // namespace

TEST_CASE("a standby's row on the primary is found by its application name, else by an address of its own") {
  const std::vector<ReplicationRow> rows{{"one", "10.0.0.1", 1, "catchup", "async"},
                                         {"one", "10.0.0.1", 2, "streaming", "async"},
                                         {"two", "10.0.0.2", 3, "streaming", "sync"}};
  const std::vector<NodeFacts> apart{node(0, "10.0.0.9"), node(1, "10.0.0.1"), node(2, "10.0.0.2")};
  const std::vector<NodeFacts> together{node(0, "10.0.0.2"), node(1, "10.0.0.2")};
  struct Row {
    NodeOptions standby;
    const std::vector<NodeFacts>* nodes;
    const ReplicationRow* expected;
  };
  for (const Row& row : {Row{{.host = "x", .application_name = "two"}, &apart, &rows[2]},
                         Row{{.host = "x", .application_name = "one"}, &apart, &rows[1]},
                         Row{{.host = "10.0.0.2", .application_name = "other"}, &apart, nullptr},
                         Row{{.host = "10.0.0.2"}, &apart, &rows[2]}, Row{{.host = "10.0.0.1"}, &apart, nullptr},
                         Row{{.host = "10.0.0.2"}, &together, nullptr}}) {
    CAPTURE(row.standby.host, row.standby.application_name);
    CHECK(find_replication_row(rows, row.standby, *row.nodes) == row.expected);
  }
}

TEST_CASE("lag is what the primary flushed and the standby has not replayed") {
  std::vector<NodeFacts> nodes{node(0, "a"), node(1, "b", "n1")};
  nodes[0].last = ProbeResult{.flushed = Lsn{1000}, .standbys = {{"n1", "", -1, "streaming", "async", 5us}}};
  nodes[1].last = ProbeResult{.in_recovery = true, .received = Lsn{950}, .replayed = Lsn{900}};
  NodeView view;
  fill_positions(view, nodes[1], &nodes[0], nodes);
  CHECK(view.lag_bytes == 100u);
  CHECK(view.lag_time == 5us);
  CHECK(view.replication_state == "streaming");
  NodeView alone;
  fill_positions(alone, nodes[1], nullptr, nodes);
  CHECK_FALSE(alone.lag_bytes.has_value());
}
