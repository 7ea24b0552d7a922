#include "failover/election.hpp"

#include <fmt/format.h>

#include <utility>

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

bool is_better(const Candidate& one, const Candidate& other) {
  return one.timeline > other.timeline || (one.timeline == other.timeline && one.position > other.position);
}

// `next`: whom it was chosen before; null: nobody.
std::string why(const Candidate& best, const Candidate* next) {
  if (next == nullptr) return "the only standby that may be elected";
  const int other = next->node.value;
  if (best.timeline != next->timeline)
    return fmt::format("on timeline {}, node {} is on {}", best.timeline.value, other, next->timeline.value);
  if (best.position != next->position)
    return fmt::format("most advanced: {}, {} bytes beyond node {}", to_text(best.position),
                       lag_bytes(best.position, next->position), other);
  return fmt::format("as advanced as node {} and of the lower id: {}", other, to_text(best.position));
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

std::optional<Choice> elect(const std::vector<Candidate>& candidates) {
  const Candidate* best = nullptr;
  const Candidate* next = nullptr;
  for (const Candidate& candidate : candidates) {
    if (!candidate.is_eligible) continue;
    if (best == nullptr || is_better(candidate, *best)) {
      next = std::exchange(best, &candidate);
    } else if (next == nullptr || is_better(candidate, *next)) {
      next = &candidate;
    }
  }
  if (best == nullptr) return std::nullopt;
  return Choice{best->node, why(*best, next)};
}

}  // namespace howdah::failover
