#include "tests/sim/trouble.hpp"

#include <fmt/format.h>

namespace howdah::sim {

Trouble::Trouble(World& world, Duration lasts, bool is_lossless) : world_(world), end_(world.now() + lasts) {
  for (int fault = 0; fault < kFaults; ++fault)
    if (world_.rng().chance(static_cast<Fault>(fault) == Fault::switchover ? 0.6 : 0.35)) drawn_.push_back(static_cast<Fault>(fault));
  if (is_lossless) std::erase(drawn_, Fault::rogue_promotion);
  if (drawn_.empty()) drawn_.push_back(Fault::crash);
  plan_next();
}

void Trouble::plan_next() {
  world_.after(500ms + milliseconds(world_.rng().below(8'000)), [this] {
    if (world_.now() >= end_) return;
    strike(drawn_[world_.rng().below(drawn_.size())]);
    plan_next();
  });
}

Duration Trouble::some_time() {
  return milliseconds(world_.rng().chance(0.5) ? 50 + world_.rng().below(1000) : 1000 + world_.rng().below(20'000));
}

void Trouble::for_a_while(const std::string& what, std::function<void()> on, std::function<void()> off) {
  world_.note(what);
  on();
  world_.after(some_time(), std::move(off));
}

void Trouble::strike(Fault fault) {
  const auto primary = world_.view().primary;
  const int node = primary && world_.rng().chance(0.5) ? primary->value : some_node();
  switch (fault) {
    case Fault::crash: return crash(node);
    case Fault::crash_at_commit: return crash_at_commit(primary ? primary->value : node);
    case Fault::flap: return flap(node);
    case Fault::slow: return be_slow(node);
    case Fault::gateway_cut: return cut_gateway(node);
    case Fault::network_cut: return cut_network(node);
    case Fault::backend_crash: return world_.crash_backend(node, 50ms + milliseconds(world_.rng().below(15'000)));
    case Fault::rogue_promotion: return world_.promote_by_hand(node);
    case Fault::gateway_restart: return world_.restart_gateway();
    case Fault::reset: return world_.reset_connections(node);
    case Fault::switchover:
      return world_.request(failover::PromoteRequest{++last_request_, NodeId{node}, true}, fmt::format("switchover {}", node));
    case Fault::freeze:
      world_.freeze(node);
      return world_.after(some_time(), [this, node] { world_.thaw(node); });
    case Fault::loss:
      return for_a_while("packets are lost", [this] { world_.set_loss(0.02 + world_.rng().unit() / 10); }, [this] { world_.set_loss(0); });
    case Fault::steps_fail:
      return for_a_while("steps fail", [this] { world_.set_step_failures(0.3); }, [this] { world_.set_step_failures(0); });
    case Fault::exhausted:
      return for_a_while(fmt::format("exhausted node={}", node), [this, node] { world_.node(node).is_full = true; },
                         [this, node] { world_.node(node).is_full = false; });
    case Fault::replay_pause:
      return for_a_while(fmt::format("replay paused node={}", node), [this, node] { world_.node(node).is_replay_paused = true; },
                         [this, node] { world_.node(node).is_replay_paused = false; });
    case Fault::disk_hang:
      return for_a_while(fmt::format("disk hangs node={}", node), [this, node] { world_.node(node).is_disk_hung = true; },
                         [this, node] { world_.node(node).is_disk_hung = false; });
    case Fault::agent_cut:
      return for_a_while(fmt::format("agent cut node={}", node), [this, node] { world_.cut_agent(node); }, [this] { world_.heal(); });
  }
}

void Trouble::crash(int node) {
  world_.kill(node);
  if (!world_.rng().chance(0.7)) return;
  world_.after(some_time(), [this, node] {
    const Duration takes = milliseconds(50 + world_.rng().below(world_.rng().chance(0.3) ? 10'000 : 100));
    world_.start(node, takes);
  });
}

void Trouble::crash_at_commit(int node) {
  world_.strike_at_commit(node, [this, node] {
    if (world_.rng().chance(0.3)) {  // only the answer is lost
      world_.cut_gateway(node, World::Way::in);
      return world_.after(some_time(), [this] { world_.heal(); });
    }
    world_.kill(node);
    world_.after(some_time(), [this, node] { world_.start(node, 50ms); });
  });
}

void Trouble::flap(int node) {
  for (int i = 0; i < 5; ++i) {
    world_.after(i * 700ms, [this, node] { world_.kill(node); });
    world_.after(i * 700ms + 300ms, [this, node] { world_.start(node, 20ms); });
  }
}

void Trouble::be_slow(int node) {
  const Duration latency = milliseconds(20 + world_.rng().below(3000));
  for_a_while(fmt::format("slow node={}", node), [this, node, latency] { world_.set_latency(node, latency); },
              [this, node] { world_.set_latency(node, 1ms); });
}

void Trouble::cut_gateway(int node) {
  using enum World::Way;
  const World::Way way = world_.rng().chance(0.6) ? both : world_.rng().chance(0.5) ? out : in;
  for_a_while(fmt::format("gateway cut node={}{}", node, way == both ? "" : way == out ? " outward" : " inward"),
              [this, node, way] { world_.cut_gateway(node, way); }, [this] { world_.heal(); });
}

void Trouble::cut_network(int node) {
  const int other = some_node();
  const bool is_one_way = world_.rng().chance(0.4);
  for_a_while(fmt::format("cut nodes={},{}{}", node, other, is_one_way ? " one way" : ""),
              [&] { is_one_way ? world_.cut_one_way(node, other) : world_.cut(node, other); }, [this] { world_.heal(); });
}

void mend(World& world) {
  world.heal();
  world.set_loss(0);
  world.set_step_failures(0);
  for (SimPostgres& node : world.nodes()) {
    node.latency = 1ms;
    node.is_full = node.is_replay_paused = node.is_disk_hung = false;
    node.pace = 1;
    world.strike_at_commit(node.id, nullptr);
    if (node.life == Life::dead) world.start(node.id, 100ms);
    if (node.life == Life::frozen) world.thaw(node.id);
  }
}

void rebuild_outcasts(World& world) {
  std::optional<NodeId> office = world.view().primary;
  for (const NodeView& node : world.view().nodes)  // of two primaries on one timeline the operator keeps the one in office
    if (!office && node.role == Role::primary) office = node.id;
  if (!office) return;
  const SimPostgres& primary = world.node(office->value);
  for (const NodeView& node : world.view().nodes) {
    const SimPostgres& server = world.node(node.id.value);
    const bool is_stuck = server.in_recovery && !server.is_receiving && !server.is_prefix_of(primary);
    const bool is_outcast = !server.in_recovery && node.id != *office;
    if (!server.answers() || !(is_stuck || is_outcast)) continue;
    if (is_outcast && server.is_prefix_of(primary)) world.demote(node.id.value, office->value);
    else world.rebuild(node.id.value);
  }
}

}  // namespace howdah::sim
