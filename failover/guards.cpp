#include "failover/guards.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "failover/election.hpp"

namespace howdah::failover {

namespace {

using health::NodeCondition;
using health::NodeFacts;

// A cascading standby hears another standby, which says nothing about the primary.
bool listens_elsewhere(const NodeFacts& standby, const std::vector<NodeFacts>& nodes, const health::KnownPrimary& known) {
  return std::any_of(nodes.begin(), nodes.end(), [&](const NodeFacts& node) {
    return known.node != node.options.id && node.options.host == standby.last->sender_host &&
           node.options.port == standby.last->sender_port;
  });
}

bool is_given_up(const NodeFacts& node, const GuardOptions& options, Instant now) {
  if (node.answers) return false;
  if (node.is_judged_dead() || node.condition == NodeCondition::detached) return true;
  return !node.is_usable() && now - node.trouble_since >= options.patience;
}

}  // namespace

bool hears_primary(const NodeFacts& standby, const std::vector<NodeFacts>& nodes, const health::KnownPrimary& known,
                   const GuardOptions& options) {
  if (!standby.last || !standby.last->in_recovery || standby.last->receiver_status.empty()) return false;
  if (listens_elsewhere(standby, nodes, known)) return false;
  const auto ping = options.ping_of(standby.options.id);
  if (!ping || ping->since <= options.asked_after || !standby.last->last_message_age || standby.last_asked_at - ping->since < ping->patience) return true;
  return *standby.last->last_message_age < ping->after + ping->patience;
}

std::optional<std::string> object_to_promotion(const std::vector<NodeFacts>& nodes, const health::KnownPrimary& known,
                                               const GuardOptions& options, Instant now) {
  for (const NodeFacts& node : nodes) {
    if (known.node == node.options.id || is_given_up(node, options, now)) continue;
    if (!node.answers || node.last_asked_at <= options.asked_after) {
      if (node.condition == NodeCondition::fenced) continue;  // has no say
      return fmt::format("node {} has not answered since", node.options.id.value);
    }
    if (!options.is_left_alive && node.condition != NodeCondition::fenced && hears_primary(node, nodes, known, options))
      return fmt::format("node {} still hears the primary", node.options.id.value);
  }
  const std::vector<Candidate> candidates = list_candidates(nodes, known);
  if (elect(candidates)) return std::nullopt;
  std::string text = "nobody can be promoted:";
  for (const Candidate& candidate : candidates)
    text += fmt::format(" node {}: {};", candidate.node.value, candidate.objection);
  if (candidates.empty()) text += " there is no standby;";
  text.pop_back();
  return text;
}

}  // namespace howdah::failover
