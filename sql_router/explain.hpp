// What EXPLAIN ROUTE and `howdah route` say about a statement: rows of two texts. The caller formats them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sql_router/router.hpp"

namespace howdah {

struct ExplainRow {
  std::string column;
  std::string text;
};

std::vector<ExplainRow> explain_route(const Traits& traits, const Decision& decision, const SessionFacts& facts,
                                      const ClusterView& view, const RoutingOptions& options);

}  // namespace howdah
