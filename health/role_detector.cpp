#include "health/role_detector.hpp"

#include <algorithm>

namespace howdah::health {

namespace {

bool is_heard(const NodeFacts& node) { return node.answers && node.last && node.condition != NodeCondition::detached; }

bool is_foreign(const NodeFacts& node, const KnownPrimary& known) {
  return known.system_identifier != 0 && node.last->system_identifier != known.system_identifier;
}

// The newest timeline any standby of the system has reached: a primary below it was left behind.
TimelineId newest_standby_timeline(const std::vector<NodeFacts>& nodes, const KnownPrimary& known,
                                   std::uint64_t system_identifier) {
  TimelineId newest = known.timeline;
  for (const NodeFacts& node : nodes)
    if (is_heard(node) && node.last->in_recovery && node.last->system_identifier == system_identifier)
      newest = std::max(newest, node.timeline);
  return newest;
}

std::string why_not(const NodeFacts& node, const NodeFacts* chosen, TimelineId newest) {
  if (node.timeline < newest)
    return fmt::format("false primary: timeline {} is behind {}", node.timeline.value, newest.value);
  if (chosen == nullptr) return fmt::format("false primary: not the known one on timeline {}", node.timeline.value);
  return fmt::format("false primary: node {} is the primary on timeline {}", chosen->options.id.value,
                     chosen->timeline.value);
}

const NodeFacts* find_sender(const std::vector<NodeFacts>& nodes, const NodeFacts& standby) {
  if (standby.last->receiver_status.empty()) return nullptr;
  for (const NodeFacts& node : nodes)
    if (node.options.host == standby.last->sender_host && node.options.port == standby.last->sender_port) return &node;
  return nullptr;
}

// Standbys of a false primary: on a timeline the primary does not have, or receiving from a node that is none.
void add_strays(const std::vector<NodeFacts>& nodes, const NodeFacts& primary, RoleVerdict& verdict) {
  for (const NodeFacts& node : nodes) {
    if (!is_heard(node) || !node.last->in_recovery || node.last->system_identifier != primary.last->system_identifier) continue;
    const NodeFacts* sender = find_sender(nodes, node);
    if (node.timeline > primary.timeline)
      verdict.misfits.push_back({node.options.id, fmt::format("follows timeline {}, the primary is on {}",
                                                              node.timeline.value, primary.timeline.value)});
    else if (sender != nullptr && sender != &primary && is_heard(*sender) && !sender->last->in_recovery)
      verdict.misfits.push_back({node.options.id, fmt::format("follows node {}, which is a false primary",
                                                              sender->options.id.value)});
  }
}

// Those that listen to anybody listen to `one`.
bool has_all_standbys(const std::vector<NodeFacts>& nodes, const NodeFacts& one) {
  bool has_any = false;
  for (const NodeFacts& node : nodes) {
    if (!is_heard(node) || !node.last->in_recovery || node.last->receiver_status.empty()) continue;
    if (find_sender(nodes, node) != &one) return false;
    has_any = true;
  }
  return has_any;
}

bool is_outcast(const NodeFacts& node, const KnownPrimary& known) {
  return std::find(known.outcasts.begin(), known.outcasts.end(), node.options.id) != known.outcasts.end();
}

// Two histories of which either may be the right one: a second primary on the timeline of the one in office, or, where
// others promote, one on a higher timeline.
bool contests(const NodeFacts& claimant, const NodeFacts& chosen, const KnownPrimary& known, const RolePolicy& policy) {
  if (known.node != chosen.options.id || known.successor || is_outcast(claimant, known)) return false;
  if (policy.is_named_only || policy.named == chosen.options.id) return false;  // it is for others to say
  return claimant.timeline == chosen.timeline || (policy.is_promoted_elsewhere && claimant.timeline > chosen.timeline);
}

struct Choice {
  const NodeFacts* primary = nullptr;
  bool is_undecided = false;  // several on one timeline, none of them known
};

Choice choose(const std::vector<const NodeFacts*>& claimants, const KnownPrimary& known, const RolePolicy& policy, TimelineId newest) {
  for (const NodeFacts* node : claimants)
    if (policy.named == node->options.id && node->timeline >= known.timeline) return {node};
  // The one in office stays while it answers on its timeline: a promotion by accident takes nothing over.
  for (const NodeFacts* node : claimants)
    if (!known.is_given_up && known.node == node->options.id && node->timeline >= known.timeline) return {node};
  for (const NodeFacts* node : claimants)
    if (known.successor == node->options.id && node->timeline > known.timeline) return {node};
  Choice choice;
  if (policy.is_named_only) return choice;
  for (const NodeFacts* node : claimants) {
    if (node->timeline < newest || is_outcast(*node, known)) continue;
    if (known.node && known.node != node->options.id && node->timeline == known.timeline) continue;  // not promoted from the known primary's history
    if (choice.primary == nullptr || node->timeline > choice.primary->timeline) choice = {node};
    else if (node->timeline == choice.primary->timeline) choice.is_undecided = true;
  }
  return choice.is_undecided ? Choice{nullptr, true} : choice;
}

}  // namespace

RoleVerdict detect_roles(const std::vector<NodeFacts>& nodes, const KnownPrimary& known, const RolePolicy& policy) {
  RoleVerdict verdict;
  std::vector<const NodeFacts*> claimants;
  for (const NodeFacts& node : nodes) {
    if (node.options.is_always_primary && is_heard(node)) {
      verdict.primary = node.options.id;
      return verdict;
    }
    if (!is_heard(node)) continue;
    if (is_foreign(node, known))
      verdict.misfits.push_back({node.options.id, fmt::format("another database system: {} instead of {}",
                                                              node.last->system_identifier, known.system_identifier)});
    else if (!node.last->in_recovery)
      claimants.push_back(&node);
  }
  if (claimants.empty()) return verdict;

  const TimelineId newest = newest_standby_timeline(nodes, known, claimants.front()->last->system_identifier);
  const bool is_mixed = std::any_of(claimants.begin(), claimants.end(), [&](const NodeFacts* node) {
    return node->last->system_identifier != claimants.front()->last->system_identifier;
  });
  const Choice choice = is_mixed ? Choice{nullptr, true} : choose(claimants, known, policy, newest);
  if (choice.primary != nullptr) verdict.primary = choice.primary->options.id;
  if (choice.is_undecided) verdict.alarm = "several primaries and nothing tells which is the right one";
  for (const NodeFacts* node : claimants) {
    if (node == choice.primary) continue;
    Misfit misfit{node->options.id, choice.is_undecided ? verdict.alarm : why_not(*node, choice.primary, newest), true};
    misfit.is_left_behind = !is_mixed && node->timeline < known.timeline;
    if (choice.primary != nullptr && contests(*node, *choice.primary, known, policy)) {
      misfit.is_left_behind = policy.may_standbys_decide && has_all_standbys(nodes, *choice.primary);
      verdict.is_contested = verdict.is_contested || !misfit.is_left_behind;
      if (!misfit.is_left_behind)
        verdict.alarm = fmt::format("two primaries: node {} and node {} on timelines {} and {}; no node is written to",
                                    choice.primary->options.id.value, node->options.id.value,
                                    choice.primary->timeline.value, node->timeline.value);
    }
    verdict.misfits.push_back(std::move(misfit));
  }
  if (choice.primary != nullptr) add_strays(nodes, *choice.primary, verdict);
  return verdict;
}

bool is_fitting_standby(const NodeFacts& node, const KnownPrimary& known) {
  return node.answers && node.last && node.last->in_recovery && !is_foreign(node, known) &&
         (known.timeline == TimelineId{} || node.timeline <= known.timeline);
}

}  // namespace howdah::health
