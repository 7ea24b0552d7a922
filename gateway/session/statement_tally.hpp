// How many statements were sent to each node, by kind, and what the servers complained of: the numbers behind
// SHOW POOL_NODES and SHOW POOL_BACKEND_STATS. One per worker; plain numbers, because only that worker's thread touches
// them: a report asks the worker.
#pragma once

#include <string_view>
#include <vector>

#include "gateway/stats.hpp"
#include "sql_router/statement_table.hpp"
#include "sql_router/verdict.hpp"

namespace howdah {

class StatementTally {
 public:
  void count(NodeId node, StatementKind kind) { ++of(node)[column_of(kind)]; }
  // `severity`: ERROR, FATAL or PANIC; anything else is not counted.
  void count_error(NodeId node, std::string_view severity);

  void count_reason(RouteReason reason) { ++reasons_[static_cast<std::size_t>(reason)]; }
  std::vector<ReasonCount> reasons() const;

  const std::vector<NodeCounters>& nodes() const { return nodes_; }

  // Pgpool's columns: "ddl" is whatever is in none of the others.
  static StatementCount column_of(StatementKind kind);

 private:
  NodeCounters& of(NodeId node);

  std::vector<NodeCounters> nodes_;  // in the order of their first statement; a cluster has a handful
  std::vector<std::uint64_t> reasons_ = std::vector<std::uint64_t>(reason_table().size());
};

}  // namespace howdah
