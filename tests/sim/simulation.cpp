#include "tests/sim/simulation.hpp"

#include <fmt/format.h>

#include "tests/sim/sim_client.hpp"

namespace howdah::sim {

namespace {

constexpr int kClients = 4;
constexpr Duration kTrouble = 40s;   // faults strike
constexpr Duration kRepair = 80s;   // everything is mended, by and by
constexpr Duration kLastWrites = 5s;

// What may happen in this run; drawn once, so that runs differ in kind and not only in time.
enum class Fault { crash, freeze, backend_crash, slow, flap, rogue_promotion, gateway_cut, network_cut, gateway_restart, switchover };
constexpr int kFaults = 10;

class Trouble {
 public:
  Trouble(World& world, SimClients& clients) : world_(world), clients_(clients) {
    for (int fault = 0; fault < kFaults; ++fault)
      if (world_.rng().chance(0.35)) drawn_.push_back(static_cast<Fault>(fault));
    if (drawn_.empty()) drawn_.push_back(Fault::crash);
    end_ = world_.now() + kTrouble;
    plan_next();
  }

 private:
  void plan_next() {
    world_.after(500ms + milliseconds(world_.rng().below(12'000)), [this] {
      if (world_.now() >= end_) return;
      strike(drawn_[world_.rng().below(drawn_.size())]);
      plan_next();
    });
  }

  int some_node() { return static_cast<int>(world_.rng().below(world_.nodes().size())); }
  Duration some_time() { return milliseconds(world_.rng().chance(0.5) ? 50 + world_.rng().below(1000) : 1000 + world_.rng().below(20'000)); }

  void strike(Fault fault) {
    const int node = world_.rng().chance(0.5) && world_.view().primary ? world_.view().primary->value : some_node();
    switch (fault) {
      case Fault::crash:
        world_.kill(node);
        if (world_.rng().chance(0.7)) world_.after(some_time(), [this, node] { world_.start(node, 50ms); });
        return;
      case Fault::freeze:
        world_.freeze(node);
        world_.after(some_time(), [this, node] { world_.thaw(node); });
        return;
      case Fault::backend_crash: return world_.crash_backend(node, 50ms + milliseconds(world_.rng().below(15'000)));
      case Fault::slow:
        world_.note(fmt::format("slow node={}", node));
        world_.set_latency(node, milliseconds(20 + world_.rng().below(3000)));
        world_.after(some_time(), [this, node] { world_.set_latency(node, 1ms); });
        return;
      case Fault::flap:
        for (int i = 0; i < 5; ++i) {
          world_.after(i * 700ms, [this, node] { world_.kill(node); });
          world_.after(i * 700ms + 300ms, [this, node] { world_.start(node, 20ms); });
        }
        return;
      case Fault::rogue_promotion: return world_.promote_by_hand(node);
      case Fault::gateway_cut:
        world_.note(fmt::format("gateway cut node={}", node));
        world_.cut_gateway(node);
        world_.after(some_time(), [this] { world_.heal(); });
        return;
      case Fault::network_cut: {
        const int other = some_node();
        world_.note(fmt::format("cut nodes={},{}", node, other));
        world_.cut(node, other);
        world_.after(some_time(), [this] { world_.heal(); });
        return;
      }
      case Fault::gateway_restart:
        world_.restart_gateway();
        return clients_.fail_all();
      case Fault::switchover:
        return world_.request(failover::PromoteRequest{++last_request_, NodeId{node}, true}, fmt::format("switchover {}", node));
    }
  }

  World& world_;
  SimClients& clients_;
  std::vector<Fault> drawn_;
  Instant end_;
  failover::RequestId last_request_ = 0;
};

WorldOptions draw_options(std::uint64_t seed, Mutant mutant) {
  Rng rng(seed ^ 0x5eed);
  WorldOptions options{.nodes = 2 + static_cast<int>(rng.below(3)), .seed = seed, .mutant = mutant};
  options.health.failover_on_backend_error = rng.chance(0.5);
  options.health.crash_restart_grace = seconds(2 + rng.below(8));
  const bool is_fast = rng.chance(0.3);  // detection_profile = fast, health_check_* not set
  if (is_fast) {
    options.health.probe_period = 100ms;
    options.failover.ping_after = 600ms;
    options.failover.ping_patience = 400ms;
  }
  for (int i = 0; i < options.nodes; ++i) {
    health::NodeOptions node;
    node.check_timeout = seconds(1 + rng.below(3));
    node.max_retries = static_cast<int>(rng.below(3));
    node.retry_delay = milliseconds(200 + rng.below(1000));
    if (is_fast) {
      node.answer_deadline = 400ms;
      node.check_timeout = 1100ms;
      node.is_silence_final = true;
    }
    options.health.nodes.push_back(node);
  }
  const std::uint16_t agent_port = rng.chance(0.5) ? 1 : 0;
  for (health::NodeOptions& node : options.health.nodes) node.agent_port = agent_port;
  return options;
}

// Watches for finished switchovers: nothing acknowledged may be missing then.
void watch_switchovers(World& world) {
  world.on_view = [&world, last = std::optional<NodeId>(), was_read_only = false](const ClusterView& view) mutable {
    if (!view.primary || view.is_switching) return;
    if (last && *last != *view.primary && world.node(last->value).is_read_only && world.node(last->value).is_primary())
      world.checkers().on_switched(world.node(last->value), world.node(view.primary->value));
    last = view.primary;
  };
}

// An operator with patience: starts what is dead, rebuilds what cannot follow.
void mend(World& world) {
  world.heal();
  for (SimPostgres& node : world.nodes()) {
    node.latency = 1ms;
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

}  // namespace

Outcome simulate(std::uint64_t seed, Mutant mutant) {
  World world(draw_options(seed, mutant));
  watch_switchovers(world);
  SimClients clients(world, kClients);
  world.run_for(3s);
  const Trouble trouble(world, clients);
  world.run_for(kTrouble + 25s);
  mend(world);
  world.run_for(kRepair / 2);
  world.checkers().on_calm(world.nodes(), world.view());
  rebuild_outcasts(world);
  world.run_for(kRepair / 2);
  world.checkers().on_calm(world.nodes(), world.view());
  const Instant last = world.now();
  world.run_for(kLastWrites);
  const bool can_write = clients.has_written_since(last);
  clients.stop();
  world.run_for(32s);
  world.checkers().on_end(world.now(), can_write);
  return {world.checkers().violations(), world.take_trace(), world.trace_hash(), world.checkers().promotions(),
          world.checkers().acknowledged(), world.checkers().fates()};
}

}  // namespace howdah::sim
