// The agents beside the simulated servers: they live as long as the simulation, and can be cut off from the gateway.
#include <fmt/format.h>

#include "tests/sim/world.hpp"

namespace howdah::sim {

namespace {

constexpr Duration kStopTime = 100ms;
constexpr Duration kSilenceTime = 4s;  // until a connection is given up
constexpr Duration kRejoinTime = 700ms;  // pg_rewind and the start

agent::ServerFacts facts_of(const SimPostgres& node) {
  const bool is_stopped = node.life == Life::dead;
  agent::ServerFacts facts{.state = is_stopped         ? agent::ServerState::stopped
                                    : node.in_recovery ? agent::ServerState::standby
                                                       : agent::ServerState::primary,
                           .is_clean = is_stopped && node.shut_down_at.has_value(),
                           .system_identifier = node.system_identifier,
                           .timeline = TimelineId{node.timeline}};
  facts.checkpoint = node.shut_down_at.value_or(Lsn{});
  return facts;
}

}  // namespace

void World::perform(const failover::AskAgent& asked) {
  const int id = asked.node.value;
  if (!asked.is_lease()) note(fmt::format("agent node={} command={}", id, asked.request.command));
  if (!is_reachable(id) || cut_agents_.contains(id))
    return at(std::min(asked.deadline, now_ + kSilenceTime), for_this_gateway([this, asked] {
                post(failover::AgentDone{asked.id, asked.node, false, {.error = "no answer in time"}});
              }));
  after(latency_of(node(id)), [this, asked] { answer_for_agent(asked, run_agent(node(asked.node.value), asked.request)); });
}

// What an agent has begun it ends, whether or not the gateway lives on.
void World::answer_for_agent(const failover::AskAgent& asked, agent::Report report) {
  const Duration takes = asked.request.command == "stop" ? kStopTime : asked.request.command == "rejoin" ? kRejoinTime : 1ms;
  after(takes, for_this_gateway([this, asked, report] { post(failover::AgentDone{asked.id, asked.node, true, report}); }));
}

agent::Report World::run_agent(SimPostgres& asked, const agent::Request& request) {
  agent::Report report;
  if (request.command != "lease") report.error = agent::object_to(request, facts_of(asked));
  if (report.is_ok() && request.command == "stop") {
    closed_ = asked.id;
    stop_in_order(asked);
  }
  if (report.is_ok() && request.command == "start") start(asked.id, 50ms);
  if (report.is_ok() && request.command == "rejoin") make_standby(asked, request, report);
  report.server = facts_of(asked);
  return report;
}

// A fast shutdown sends everything, the last checkpoint too, to the standbys that are connected.
void World::stop_in_order(SimPostgres& stopped) {
  if (stopped.life == Life::dead) return;
  const bool is_in_order = stopped.life == Life::running;
  if (is_in_order) end_clients(stopped, ServerEnd::terminated);
  const Lsn checkpoint = stopped.position();
  if (is_in_order && stopped.is_primary()) stopped.wal.push_back({0, stopped.timeline});
  for (SimPostgres& standby : nodes_)
    if (is_in_order && standby.is_receiving && standby.sender == stopped.id && standby.answers() && !is_cut(standby.id, stopped.id) &&
        standby.is_prefix_of(stopped))
      standby.wal = stopped.wal;
  kill(stopped.id);
  if (is_in_order) stopped.shut_down_at = checkpoint;
}

void World::make_standby(SimPostgres& lost, const agent::Request& request, agent::Report& report) {
  int primary = -1;
  std::sscanf(request.primary_host.c_str(), "pg%d", &primary);
  const SimPostgres& source = node(primary);
  const bool may_follow = lost.life == Life::dead && lost.shut_down_at && lost.shut_down_at == request.clean_at;
  if (lost.life != Life::dead) kill(lost.id);
  if (may_follow) {
    demote(lost.id, primary);
    start(lost.id, 300ms);
    report.did = "followed";
  } else if (!source.answers() || !source.is_primary() || is_cut(lost.id, primary)) {
    report.error = "the primary cannot be reached";
  } else {
    const bool is_closed = lost.is_read_only, is_fenced = lost.is_fenced;
    const std::string names = lost.synchronous_names;
    rebuild_from(lost.id, source);
    lost.is_read_only = is_closed, lost.is_fenced = is_fenced, lost.synchronous_names = names;  // its own configuration is put back
    report.did = "rewound";
  }
}

}  // namespace howdah::sim
