#include "health/declared_roles.hpp"

#include <algorithm>

namespace howdah::health {

namespace {

// The only node is the primary, or nobody is.
bool is_declared_primary(const NodeOptions& node, const HealthOptions& options) {
  return node.is_always_primary || options.nodes.size() == 1;
}

bool declares_primary(const HealthOptions& options) {
  return std::any_of(options.nodes.begin(), options.nodes.end(),
                     [&](const NodeOptions& node) { return is_declared_primary(node, options); });
}

}  // namespace

std::optional<ProbeAnswered> declared_answer(const NodeFacts& node, const ProbeFailed& failure, const HealthOptions& options) {
  const bool has_said_more = node.last && node.last->system_identifier != 0;  // which every server tells
  if (failure.kind != FailureKind::login_failed || has_said_more || !declares_primary(options)) return std::nullopt;
  ProbeAnswered answer{.node = failure.node, .asked_at = failure.asked_at};
  answer.result.in_recovery = !is_declared_primary(node.options, options);
  if (answer.result.in_recovery) answer.result.receiver_status = "streaming";
  return answer;
}

}  // namespace howdah::health
