#include "tests/sim/universe.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace howdah::sim {

void SimEtcd::renew(const failover::GatewayId& gateway, Instant until) {
  for (auto& [holder, end] : leases)
    if (holder == gateway) return void(end = until);
  leases.emplace_back(gateway, until);
}

void SimEtcd::put(const failover::Vote& vote) {
  std::erase_if(assembly.votes, [&](const failover::Vote& other) { return other.gateway.name == vote.gateway.name; });
  assembly.votes.push_back(vote);
}

void SimEtcd::expire(Instant now) {
  for (const auto& [gateway, end] : leases) {
    if (end > now) continue;
    std::erase_if(assembly.votes, [&, &ended = gateway](const failover::Vote& vote) { return vote.gateway == ended; });
    if (assembly.lock && assembly.lock->gateway == gateway) assembly.lock.reset();
  }
  std::erase_if(leases, [now](const auto& lease) { return lease.second <= now; });
}

void Universe::on_acknowledged(std::uint64_t write) {
  const SimPostgres* holder = nullptr;  // of the newest timeline
  for (const SimPostgres& node : nodes)
    if (node.is_primary() && (holder == nullptr || node.timeline > holder->timeline) && node.has_write(write)) holder = &node;
  if (holder == nullptr) return violations.push_back(fmt::format("write {} acknowledged, and no primary has it", write));
  if (holder->timeline < newest_timeline || (holder->timeline == newest_timeline && holder->id != newest_node))
    violations.push_back(fmt::format("write {} acknowledged by node {} on timeline {} after one by node {} on timeline {}", write,
                                     holder->id, holder->timeline, newest_node, newest_timeline));
  newest_timeline = std::max(newest_timeline, holder->timeline);
  newest_node = holder->id;
}

}  // namespace howdah::sim
