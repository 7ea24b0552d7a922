#include "sql_router/explain_reason.hpp"

#include <fmt/format.h>

#include "sql_router/balancer.hpp"
#include "sql_router/preferences.hpp"

namespace howdah {

namespace {

void append(std::string& text, std::string more) {
  if (!text.empty()) text += "; ";
  text += more;
}

std::string threshold_text(const RoutingOptions& options) {
  if (options.delay_threshold_by_time > Duration::zero())
    return fmt::format("delay_threshold_by_time is {} ms",
                       std::chrono::duration_cast<milliseconds>(options.delay_threshold_by_time).count());
  return fmt::format("delay_threshold is {} bytes", options.delay_threshold);
}

std::string lagging_text(const ClusterView& view, const RoutingOptions& options) {
  std::string text;
  for (const NodeView& node : view.nodes)
    if (view.primary != node.id && may_read(view, node) && lags_too_much(node, options))
      append(text, fmt::format("node {}: {}", node.id.value, lag_text(node)));
  append(text, threshold_text(options));
  return text;
}

std::string behind_text(const Decision& decision, const ClusterView& view) {
  if (!decision.position) return "the primary has not been asked for its position since a write was acknowledged";
  std::string text;
  for (const NodeView& node : view.nodes)
    if (view.primary != node.id && may_read(view, node) && !has_replayed(view, node, *decision.position))
      append(text, fmt::format("node {} has replayed {}, not {}", node.id.value, to_text(node.replayed),
                               to_text(*decision.position)));
  return text;
}

std::string listed_text(std::string_view function, const RoutingOptions& options) {
  for (const Pattern& pattern : options.write_function_list)
    if (pattern.matches(function)) return fmt::format("{}, which is \"{}\" of write_function_list", function, pattern.text());
  return std::string(function);
}

// How a read came by its node, where nothing stood against the one that was drawn.
std::string draw_text(const Decision& decision, const SessionFacts& facts, const RoutingOptions& options) {
  if (!decision.node) return {};
  const std::string_view by = find_preference(facts, options) == nullptr ? "weight" : "preference and weight";
  if (options.statement_level_load_balance) return fmt::format("drawn by {}, for this statement alone", by);
  return facts.load_balance_node == decision.node ? fmt::format("drawn by {} earlier, for all reads of the session", by)
                                                  : fmt::format("drawn by {}, for all reads of the session", by);
}

}  // namespace

std::string lag_text(const NodeView& node) {
  if (!node.lag_bytes && !node.lag_time) return "lag unknown";
  std::string text = "lag";
  if (node.lag_bytes) text += fmt::format(" {} bytes", *node.lag_bytes);
  if (node.lag_time) text += fmt::format(" {} ms", std::chrono::duration_cast<milliseconds>(*node.lag_time).count());
  return text;
}

std::string because_text(const Decision& decision, const SessionFacts& facts, const ClusterView& view,
                         const RoutingOptions& options) {
  switch (decision.reason) {
    case RouteReason::replica_lag: return lagging_text(view, options);
    case RouteReason::global_consistency:
      if (!decision.is_position_needed) return "within a transaction";
      [[fallthrough]];
    case RouteReason::min_lsn:
    case RouteReason::read_your_writes: return behind_text(decision, view);
    case RouteReason::listed_write_function: return listed_text(decision.because, options);
    case RouteReason::comment:
      return decision.because.empty() ? "/*NO LOAD BALANCE*/" : fmt::format("\"{}\" is not understood", decision.because);
    case RouteReason::read:
    case RouteReason::transaction_read:
    case RouteReason::read_only_transaction: return draw_text(decision, facts, options);
    case RouteReason::explicit_transaction:
      return options.load_balance_transactions
                 ? "BEGIN READ ONLY would let it run on a replica"
                 : "BEGIN READ ONLY, or load_balance_transactions, would let its reads use a replica";
    case RouteReason::serializable:
      return facts.transaction_is_serializable ? "the transaction's isolation level"
                                               : "the isolation level asked for, or default_transaction_isolation";
    default: return std::string(decision.because);
  }
}

std::string preference_text(const SessionFacts& facts, const RoutingOptions& options) {
  const RedirectRule* rule = find_preference(facts, options);
  if (rule == nullptr) return {};
  const auto is_in = [rule](const std::vector<RedirectRule>& list) {
    return !list.empty() && rule >= list.data() && rule < list.data() + list.size();
  };
  const std::string_view list = is_in(options.app_name_redirect_preference_list)   ? "app_name_redirect_preference_list"
                                : is_in(options.database_redirect_preference_list) ? "database_redirect_preference_list"
                                                                                   : "user_redirect_preference_list";
  std::string target = rule->node ? fmt::format("node {}", rule->node->value) : std::string("standby");
  if (rule->target == RedirectPreference::Target::primary) target = "primary";
  return fmt::format("{} by \"{}\" of {}, in {:g} of 100 draws", target, rule->pattern.text(), list, rule->weight * 100);
}

std::string transaction_text(const SessionFacts& facts) {
  if (!facts.in_transaction) return "none";
  std::string text = facts.transaction_node ? fmt::format("open on node {}", facts.transaction_node->value)
                                            : std::string("its first statement decides where it runs");
  if (facts.transaction_is_read_only) text += ", READ ONLY";
  if (facts.transaction_is_serializable) text += ", SERIALIZABLE";
  return text;
}

}  // namespace howdah
