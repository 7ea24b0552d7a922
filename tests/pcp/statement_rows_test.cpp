#include "pcp/statement_rows.hpp"

#include <catch2/catch.hpp>

using namespace howdah;
using namespace howdah::pcp;

namespace {

StatementStats statement(std::string text, std::uint64_t calls, microseconds each, NodeId node) {
  StatementStats one{.text = std::move(text), .calls = calls, .rows = calls, .total = each * calls, .nodes = {{node, calls}},
                     .reason = "read"};
  one.times[time_bucket(each)] = calls;
  return one;
}

}  // namespace

TEST_CASE("the same statement on several workers is one row, the costliest statement first") {
  GatewayStats stats;
  stats.workers.resize(2);
  stats.workers[0].statements = {statement("a", 10, 1000us, NodeId{1}), statement("b", 1, 3000us, NodeId{0})};
  stats.workers[1].statements = {statement("b", 90, 3000us, NodeId{2})};
  const auto rows = statement_rows(stats);
  REQUIRE(rows.size() == 2);
  const auto cells = cells_of(statement_columns(), rows[0]);
  CHECK(cells == std::vector<std::string>{"b", "91", "91", "0", "273.000", "3.000", "3.072", "0:1 2:90", "read", ""});
  CHECK(rows[1].text == "a");
}

TEST_CASE("the p99 is the end of the bucket in which the 99th of a hundred calls lies") {
  StatementStats one = statement("a", 98, 1us, NodeId{0});
  one.calls = 100;
  one.times[time_bucket(100us)] = 1;
  one.times[time_bucket(5000us)] = 1;
  CHECK(percentile_ms(one, 99) == Approx(0.128));
  CHECK(percentile_ms(one, 100) == Approx(6.144));
  CHECK(percentile_ms(StatementStats{}, 99) == 0);
}

TEST_CASE("reasons are summed over workers, and those that never came up are left out") {
  GatewayStats stats;
  stats.workers.resize(2);
  for (WorkerStats& worker : stats.workers)
    worker.reasons = {{"write", "it writes", 1}, {"read", "it reads", 5}, {"no_node", "none", 0}};
  const auto rows = reason_rows(stats);
  REQUIRE(rows.size() == 2);
  CHECK(cells_of(reason_columns(), rows[0]) == std::vector<std::string>{"read", "10", "it reads"});
  CHECK(rows[1].count == 2);
}
