// The redirect preference lists: which node the reads of an application, database or user prefer. Pgpool's rules.
#pragma once

#include "base/rng.hpp"
#include "health/cluster_view.hpp"
#include "sql_router/routing_options.hpp"

namespace howdah {

struct SessionFacts;

// The rule for this session; null if there is none. The application's goes before the database's, that before the
// user's; in a list the first that matches.
const RedirectRule* find_preference(const SessionFacts& facts, const RoutingOptions& options);

// A node for reads, as the rule wishes it and the nodes' states allow. Null if no node can be read from.
const NodeView* draw_preferred(const ClusterView& view, const RedirectRule& rule, Rng& rng);

}  // namespace howdah
