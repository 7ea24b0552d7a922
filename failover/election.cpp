#include "failover/election.hpp"

#include <fmt/format.h>

namespace howdah::failover {

namespace {

std::string objection_to(const health::NodeFacts& node, const health::KnownPrimary& known) {
  using enum health::NodeCondition;
  if (!node.answers || !node.last) return "does not answer";
  if (node.condition == detached) return "detached by an operator";
  if (known.system_identifier != 0 && node.last->system_identifier != known.system_identifier)
    return "another database system";
  if (!node.last->in_recovery) return "not a standby";
  if (node.timeline < known.timeline)
    return fmt::format("timeline {} is behind {}", node.timeline.value, known.timeline.value);
  if (!node.options.may_fail_over) return "DISALLOW_TO_FAILOVER";
  return {};
}

}  // namespace

std::vector<Candidate> list_candidates(const std::vector<health::NodeFacts>& nodes, const health::KnownPrimary& known) {
  std::vector<Candidate> candidates;
  for (const health::NodeFacts& node : nodes) {
    if (known.node == node.options.id) continue;
    std::string objection = objection_to(node, known);
    candidates.push_back({node.options.id, node.timeline, node.position, objection.empty(), std::move(objection)});
  }
  return candidates;
}

std::optional<NodeId> elect(const std::vector<Candidate>& candidates) {
  const Candidate* best = nullptr;
  for (const Candidate& candidate : candidates) {
    if (!candidate.is_eligible) continue;
    const bool is_better = best == nullptr || candidate.timeline > best->timeline ||
                           (candidate.timeline == best->timeline && candidate.position > best->position);
    if (is_better) best = &candidate;
  }
  return best == nullptr ? std::nullopt : std::optional(best->node);
}

}  // namespace howdah::failover
