// What exactly stands behind a decision's reason: the entry of a list, the lag and its limit, the position that is missing.
// For EXPLAIN ROUTE; the decision itself only names functions, relations and the like.
#pragma once

#include <string>

#include "sql_router/router.hpp"

namespace howdah {

std::string because_text(const Decision& decision, const SessionFacts& facts, const ClusterView& view,
                         const RoutingOptions& options);

// The entry of a *_redirect_preference_list that the session's draws follow; empty: none.
std::string preference_text(const SessionFacts& facts, const RoutingOptions& options);

// "none", or what is known of the transaction.
std::string transaction_text(const SessionFacts& facts);

// Lag in words: "lag 50 bytes 3 ms", "lag unknown".
std::string lag_text(const NodeView& node);

}  // namespace howdah
