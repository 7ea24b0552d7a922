#include "failover/quorum.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace howdah::failover {

using health::NodeFacts;

namespace {

bool counts(const NodeFacts& node, const health::KnownPrimary& known) {
  return known.node != node.options.id && node.condition != health::NodeCondition::detached;
}

bool streams(const NodeFacts& node, const health::KnownPrimary& known) {
  return node.answers && node.last && node.last->in_recovery && node.last->receiver_status == "streaming" &&
         node.last->received_timeline == known.timeline;
}

const Vote* first_by_name(const std::vector<Vote>& votes, auto&& fits) {
  const Vote* first = nullptr;
  for (const Vote& vote : votes)
    if (fits(vote) && (first == nullptr || vote.gateway.name < first->gateway.name)) first = &vote;
  return first;
}

}  // namespace

bool may_write(Stance stance) { return stance == Stance::writes || stance == Stance::drains || stance == Stance::quiet; }

std::string servers_of(const std::vector<NodeFacts>& nodes) {
  std::string text;
  for (const NodeFacts& node : nodes) {
    const std::string& name = node.options.application_name;
    const std::string address = fmt::format("{}:{}", node.options.host, node.options.port);
    text += fmt::format("{}{}={}", text.empty() ? "" : " ", node.options.id.value, name.empty() ? address : name);
  }
  return text;
}

std::optional<std::string> object_to_lock(const Assembly& assembly, const GatewayId& self, NodeId primary) {
  if (is_locked_by_other(assembly, self))
    return fmt::format("gateway {} acts for all", assembly.lock->gateway.name);
  const auto own = std::find_if(assembly.votes.begin(), assembly.votes.end(), [&](const Vote& vote) { return vote.gateway == self; });
  if (own == assembly.votes.end()) return "the other gateways do not know yet what is seen here";
  std::size_t down = 0;
  for (const Vote& vote : assembly.votes) {
    if (vote.servers != own->servers)
      return fmt::format("gateway {} numbers the servers differently: \"{}\" instead of \"{}\"", vote.gateway.name, vote.servers,
                         own->servers);
    if (vote.primary == primary && vote.stance == Stance::down) ++down;
  }
  if (own->primary != primary || own->stance != Stance::down) return "the other gateways do not know yet what is seen here";
  if (down * 2 > assembly.votes.size()) return std::nullopt;
  return fmt::format("{} of {} gateways see the primary down", down, assembly.votes.size());
}

std::optional<std::string> object_to_writers(const Assembly& assembly, const GatewayId& self, NodeId primary, LockPurpose purpose) {
  for (const Vote& vote : assembly.votes) {
    const bool is_counted_there = vote.stance == Stance::quiet && purpose == LockPurpose::switchover;
    if (vote.gateway == self || vote.primary != primary || !may_write(vote.stance) || is_counted_there) continue;
    return fmt::format("gateway {} {}", vote.gateway.name,
                       vote.stance == Stance::writes ? "still writes to the primary" : "waits for answers of the primary");
  }
  return std::nullopt;
}

bool has_lock(const Assembly& assembly, const GatewayId& self) { return assembly.lock && assembly.lock->gateway == self; }

bool is_locked_by_other(const Assembly& assembly, const GatewayId& self) { return assembly.lock && assembly.lock->gateway != self; }

bool is_steward(const Assembly& assembly, const GatewayId& self) {
  if (assembly.lock) return has_lock(assembly, self);
  const Vote* first = first_by_name(assembly.votes, [](const Vote&) { return true; });
  return first != nullptr && first->gateway == self;
}

bool is_first_witness(const Assembly& assembly, const GatewayId& self, NodeId primary) {
  const Vote* first = first_by_name(assembly.votes, [&](const Vote& vote) {
    return vote.primary == primary && vote.stance == Stance::down;
  });
  return first != nullptr && first->gateway == self;
}

bool has_most_standbys_streaming(const std::vector<NodeFacts>& nodes, const health::KnownPrimary& known) {
  const auto all = std::count_if(nodes.begin(), nodes.end(), [&](const NodeFacts& node) { return counts(node, known); });
  const auto streaming =
      std::count_if(nodes.begin(), nodes.end(), [&](const NodeFacts& node) { return counts(node, known) && streams(node, known); });
  return streaming * 2 > all || all == 0;
}

bool has_half_of_standbys_answering(const std::vector<NodeFacts>& nodes, const health::KnownPrimary& known) {
  const auto all = std::count_if(nodes.begin(), nodes.end(), [&](const NodeFacts& node) { return counts(node, known); });
  const auto answering = std::count_if(nodes.begin(), nodes.end(), [&](const NodeFacts& node) {
    return counts(node, known) && node.answers && node.last && node.last->in_recovery;
  });
  return answering * 2 >= all;
}

}  // namespace howdah::failover
