#include "sql_router/explain.hpp"

#include <fmt/format.h>

#include "sql_router/balancer.hpp"
#include "sql_router/explain_reason.hpp"
#include "sql_router/freshness.hpp"

namespace howdah {

namespace {

std::string node_text(const ClusterView& view, NodeId id) {
  const NodeView* node = view.find(id);
  if (node == nullptr) return fmt::format("node {}", id.value);
  return fmt::format("node {} ({}:{}, {})", id.value, node->host, node->port,
                     view.primary == id ? "primary" : "standby");
}

std::string target_text(const Decision& decision, const ClusterView& view) {
  if (decision.node) return node_text(view, *decision.node);
  switch (decision.reason) {
    case RouteReason::gateway_command: return "howdah";
    case RouteReason::pinned_node_lost: return "none: the session ends";
    default: return "none: the statement waits";
  }
}

std::string pins_text(PinReasons pins) {
  std::string text;
  for (std::size_t i = 0; i < kPinReasonCount; ++i) {
    const auto reason = static_cast<PinReason>(i);
    if (pins.has(reason)) text += fmt::format("{}{}", text.empty() ? "" : ", ", to_text(reason));
  }
  return text;
}

// What transaction, pin and settings leave out: where it would go outside them, as far as its text tells.
std::string text_alone(const Traits& traits, const RoutingOptions& options) {
  if (traits.is_gateway_command()) return "answered by Howdah";
  if (may_use_replica(traits, options)) return "a replica may run it";
  const Verdict& verdict = traits.verdict;
  const RouteReason reason = verdict.may_use_replica ? RouteReason::comment : verdict.reason;
  const std::string name(row_of(reason).name);
  return "the primary: " + (verdict.because.empty() ? name : fmt::format("{}, {}", name, verdict.because));
}

// Why a read would or would not be given to this node.
std::string standing_text(const NodeView& node, const Decision& decision, const ClusterView& view,
                          const RoutingOptions& options) {
  if (!node.is_usable()) return node.down_reason.empty() ? "down" : fmt::format("down: {}", node.down_reason);
  if (!may_read(view, node)) return "not for reads: quarantined, switching, or its role is not certain";
  if (view.primary == node.id) return fmt::format("primary, weight {}", node.weight);
  std::string text = fmt::format("standby, weight {}, {}, replayed {}", node.weight, lag_text(node),
                                 to_text(node.replayed));
  if (lags_too_much(node, options)) text += ", beyond the delay threshold";
  if (decision.is_position_needed && !(decision.position && has_replayed(view, node, *decision.position)))
    text += ", behind what this statement must see";
  return text;
}

std::string pinned_text(const SessionFacts& facts, const ClusterView& view) {
  if (!facts.pinned_node) return "no";
  const std::string node = node_text(view, *facts.pinned_node);
  return facts.pin_reason ? fmt::format("to {}, because of {}", node, to_text(*facts.pin_reason)) : node;
}

std::string bound_text(const Decision& decision) {
  if (!decision.is_position_needed) return "none";
  if (!decision.position) return "not known yet: a write was acknowledged after the primary was last asked";
  return to_text(*decision.position);
}

std::string consistency_text(const Traits& traits, const SessionFacts& facts, const RoutingOptions& options) {
  return std::string(
      names_of(ReadConsistency{})[static_cast<std::size_t>(consistency_of(traits, facts, options))].name);
}

}  // namespace

std::vector<ExplainRow> explain_route(const Traits& traits, const Decision& decision, const SessionFacts& facts,
                                      const ClusterView& view, const RoutingOptions& options) {
  const ReasonRow& reason = row_of(decision.reason);
  const std::string preference = preference_text(facts, options);
  std::vector<ExplainRow> rows{
      {"target", target_text(decision, view)},
      {"reason", std::string(reason.name)},
      {"meaning", std::string(reason.sentence)},
      {"because", because_text(decision, facts, view, options)},
      {"by its text alone", text_alone(traits, options)},
      {"statement", std::string(traits.row().name)},
      {"statements", std::to_string(traits.statement_count)},
      {"may write", traits.verdict.may_write ? "yes" : "no"},
      {"would pin the session", traits.pins.is_empty() ? "no" : pins_text(traits.pins)},
      {"session is pinned", pinned_text(facts, view)},
      {"transaction", transaction_text(facts)},
      {"reads prefer", preference.empty() ? "no node" : preference},
      {"read consistency", consistency_text(traits, facts, options)},
      {"must have replayed", bound_text(decision)},
  };
  for (const NodeView& node : view.nodes)
    rows.push_back({fmt::format("node {}", node.id.value), standing_text(node, decision, view, options)});
  return rows;
}

}  // namespace howdah
