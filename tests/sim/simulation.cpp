#include "tests/sim/simulation.hpp"

#include <fmt/format.h>

#include <array>

#include "tests/sim/workload.hpp"

namespace howdah::sim {

namespace {

constexpr Duration kTrouble = 30s;   // faults strike
constexpr Duration kAftermath = 15s;  // some of them are not over yet
constexpr Duration kRepair = 50s;     // everything is mended, by and by
constexpr Duration kLastWrites = 8s;
constexpr Duration kEnd = 35s;        // what the clients have begun ends
constexpr Duration kBefore = 3s;
constexpr Duration kPause = 300ms;    // of clients in times of trouble
constexpr Duration kRest = 1500ms;    // and later

// What may happen in this run; drawn once, so that runs differ in kind and not only in time.
enum class Fault {
  crash, freeze, backend_crash, slow, flap, rogue_promotion, gateway_cut, network_cut, gateway_restart, switchover, reset, loss,
  steps_fail, exhausted, replay_pause, crash_at_commit
};
constexpr int kFaults = 16;

class Trouble {
 public:
  // `is_lossless`: the operator promotes nobody, for what is lost by that is lost.
  Trouble(World& world, bool is_lossless) : world_(world) {
    for (int fault = 0; fault < kFaults; ++fault)
      if (world_.rng().chance(static_cast<Fault>(fault) == Fault::switchover ? 0.6 : 0.35)) drawn_.push_back(static_cast<Fault>(fault));
    if (is_lossless) std::erase(drawn_, Fault::rogue_promotion);
    if (drawn_.empty()) drawn_.push_back(Fault::crash);
    end_ = world_.now() + kTrouble;
    plan_next();
  }

 private:
  void plan_next() {
    world_.after(500ms + milliseconds(world_.rng().below(8'000)), [this] {
      if (world_.now() >= end_) return;
      strike(drawn_[world_.rng().below(drawn_.size())]);
      plan_next();
    });
  }

  int some_node() { return static_cast<int>(world_.rng().below(world_.nodes().size())); }
  Duration some_time() { return milliseconds(world_.rng().chance(0.5) ? 50 + world_.rng().below(1000) : 1000 + world_.rng().below(20'000)); }

  void strike(Fault fault) {
    int node = world_.rng().chance(0.5) && world_.view().primary ? world_.view().primary->value : some_node();
    switch (fault) {
      case Fault::crash:
        world_.kill(node);
        if (world_.rng().chance(0.7))
          world_.after(some_time(), [this, node] { world_.start(node, milliseconds(50 + world_.rng().below(world_.rng().chance(0.3) ? 10'000 : 100))); });
        return;
      case Fault::crash_at_commit:
        if (world_.view().primary) node = world_.view().primary->value;
        return world_.strike_at_commit(node, [this, node] {
          if (world_.rng().chance(0.3)) {  // only the answer is lost
            world_.cut_gateway(node, World::Way::in);
            return world_.after(some_time(), [this] { world_.heal(); });
          }
          world_.kill(node);
          world_.after(some_time(), [this, node] { world_.start(node, 50ms); });
        });
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
        cut_gateway(node);
        world_.after(some_time(), [this] { world_.heal(); });
        return;
      case Fault::network_cut: {
        const int other = some_node();
        const bool is_one_way = world_.rng().chance(0.4);
        world_.note(fmt::format("cut nodes={},{}{}", node, other, is_one_way ? " one way" : ""));
        is_one_way ? world_.cut_one_way(node, other) : world_.cut(node, other);
        world_.after(some_time(), [this] { world_.heal(); });
        return;
      }
      case Fault::gateway_restart: return world_.restart_gateway();
      case Fault::reset: return world_.reset_connections(node);
      case Fault::loss:
        world_.note("packets are lost");
        world_.set_loss(0.02 + world_.rng().unit() / 10);
        world_.after(some_time(), [this] { world_.set_loss(0); });
        return;
      case Fault::steps_fail:
        world_.note("steps fail");
        world_.set_step_failures(0.3);
        world_.after(some_time(), [this] { world_.set_step_failures(0); });
        return;
      case Fault::replay_pause:
        world_.note(fmt::format("replay paused node={}", node));
        world_.set_replay_paused(node, true);
        world_.after(some_time(), [this, node] { world_.set_replay_paused(node, false); });
        return;
      case Fault::exhausted:
        world_.note(fmt::format("exhausted node={}", node));
        world_.node(node).is_full = true;
        world_.after(some_time(), [this, node] { world_.node(node).is_full = false; });
        return;
      case Fault::switchover:
        return world_.request(failover::PromoteRequest{++last_request_, NodeId{node}, true}, fmt::format("switchover {}", node));
    }
  }

  void cut_gateway(int node) {
    using enum World::Way;
    const World::Way way = world_.rng().chance(0.6) ? both : world_.rng().chance(0.5) ? out : in;
    world_.note(fmt::format("gateway cut node={}{}", node, way == both ? "" : way == out ? " outward" : " inward"));
    world_.cut_gateway(node, way);
  }

  World& world_;
  std::vector<Fault> drawn_;
  Instant end_;
  failover::RequestId last_request_ = 0;
};

WorldOptions draw_options(std::uint64_t seed, Mutant mutant) {
  Rng rng(seed ^ 0x5eed);
  WorldOptions options{.nodes = 2 + static_cast<int>(rng.below(3)), .seed = seed, .mutant = mutant};
  options.health.failover_on_backend_error = rng.chance(0.5);
  options.health.crash_restart_grace = seconds(2 + rng.below(8));
  const bool is_fast = rng.chance(0.3);
  for (int i = 0; i < options.nodes; ++i) {
    health::NodeOptions node;
    node.check_timeout = seconds(1 + rng.below(3));
    node.max_retries = static_cast<int>(rng.below(3));
    node.retry_delay = milliseconds(200 + rng.below(1000));
    options.health.nodes.push_back(node);
  }
  const std::uint16_t agent_port = rng.chance(0.5) ? 1 : 0;
  for (health::NodeOptions& node : options.health.nodes) node.agent_port = agent_port;
  if (is_fast) set_fast_profile(options);
  if (options.nodes > 2 && rng.chance(0.4)) {
    options.failover.synchronous = SynchronousPolicy::strict;
    options.synchronous_names = "ANY 1 (node0, node1, node2, node3)";
    if (options.nodes == 3) options.synchronous_names = "ANY 1 (node0, node1, node2)";
  }
  return options;
}

WorkloadOptions draw_workload(std::uint64_t seed, const WorldOptions& world) {
  Rng rng(seed ^ 0xc11e);
  WorkloadOptions options{.clients = 3 + static_cast<int>(rng.below(3)), .is_lossless = !world.synchronous_names.empty()};
  SimWorkerOptions& worker = options.worker;
  worker.session.commit_safety = static_cast<CommitSafety>(rng.below(3));
  worker.session.transaction_replay = rng.chance(0.7);
  worker.session.max_prepared_statements = 1 + rng.below(3);
  worker.pool.limits.default_pool_size = 1 + static_cast<std::uint32_t>(rng.below(4));
  worker.routing.read_consistency = static_cast<ReadConsistency>(rng.below(3));
  worker.routing.statement_level_load_balance = rng.chance(0.5);
  worker.routing.load_balance_transactions = rng.chance(0.5);
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

// Standbys that are slower than others, and than the clients.
void set_paces(World& world) {
  if (world.rng().chance(0.5)) return;
  constexpr std::array kPaces{1.0, 0.2, 0.02};
  for (SimPostgres& node : world.nodes()) node.pace = kPaces[world.rng().below(kPaces.size())];
}

// An operator with patience: starts what is dead, rebuilds what cannot follow.
void mend(World& world) {
  world.heal();
  world.set_loss(0);
  world.set_step_failures(0);
  for (SimPostgres& node : world.nodes()) {
    node.latency = 1ms;
    node.is_full = node.is_replay_paused = false;
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

}  // namespace

// With health_check_* not set.
void set_fast_profile(WorldOptions& options) {
  options.health.probe_period = 100ms;
  options.failover.ping_after = 600ms;
  options.failover.ping_patience = 400ms;
  options.health.nodes.resize(static_cast<std::size_t>(options.nodes));
  for (health::NodeOptions& node : options.health.nodes) {
    node.answer_deadline = 400ms;
    node.check_timeout = 1100ms;
    node.max_retries = 0;
    node.retry_delay = 100ms;
    node.is_silence_final = true;
  }
}

Outcome simulate(std::uint64_t seed, Mutant mutant) {
  const WorldOptions options = draw_options(seed, mutant);
  World world(options);
  watch_switchovers(world);
  WorkloadOptions work = draw_workload(seed, options);
  work.mended_at = world.now() + kBefore + kTrouble + kAftermath;
  Workload load(world, work);
  world.run_for(kBefore);
  set_paces(world);
  const Trouble trouble(world, work.is_lossless);
  load.set_pause(kPause);
  world.run_for(kTrouble + kAftermath);
  mend(world);
  load.set_pause(kRest);
  world.run_for(kRepair / 2);
  world.checkers().on_calm(world.nodes(), world.view());
  rebuild_outcasts(world);
  world.run_for(kRepair / 2);
  world.checkers().on_calm(world.nodes(), world.view());
  const Instant last = world.now();
  world.run_for(kLastWrites);
  const bool can_write = load.has_written_since(last);
  load.stop();
  world.run_for(kEnd);
  world.checkers().on_end(world.now(), can_write);
  if (const auto primary = world.view().primary) load.judge(world.node(primary->value).tables());
  return {world.checkers().violations(), world.take_trace(), world.trace_hash(), world.checkers().promotions(), load.acknowledged(),
          load.fates()};
}

}  // namespace howdah::sim
