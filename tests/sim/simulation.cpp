#include "tests/sim/simulation.hpp"

#include <fmt/format.h>

#include <array>

#include "tests/sim/trouble.hpp"
#include "tests/sim/workload.hpp"

namespace howdah::sim {

namespace {

constexpr Duration kTrouble = 25s;    // faults strike
constexpr Duration kAftermath = 8s;   // some of them are not over yet
constexpr Duration kRepair = 30s;     // everything is mended, by and by
constexpr Duration kLastWrites = 5s;
constexpr Duration kEnd = 12s;        // what the clients have begun ends
constexpr Duration kBefore = 3s;
constexpr Duration kPause = 300ms;    // of clients in times of trouble
constexpr Duration kRest = 1500ms;    // and later

WorldOptions draw_options(std::uint64_t seed, Mutant mutant) {
  Rng rng(seed ^ 0x5eed);
  WorldOptions options{.nodes = 2 + static_cast<int>(rng.below(3)), .seed = seed, .mutant = mutant};
  options.failover.are_views_told = true;
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
  options.is_wide = seed % 3 == 0;
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

// Standbys that are slower than others, and than the clients.
void set_paces(World& world) {
  if (world.rng().chance(0.5)) return;
  constexpr std::array kPaces{1.0, 0.2, 0.02};
  for (SimPostgres& node : world.nodes()) node.pace = kPaces[world.rng().below(kPaces.size())];
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

Outcome conclude(World& world, Workload& load, Duration repair) {
  mend(world);
  load.set_pause(kRest);
  world.run_for(repair / 2);
  world.checkers().on_calm(world.nodes(), world.view());
  rebuild_outcasts(world);
  world.run_for(repair / 2);
  world.checkers().on_calm(world.nodes(), world.view());
  const Instant last = world.now();
  load.set_pause(kPause);  // so that somebody wants to write
  world.run_for(kLastWrites);
  if (!load.has_written_since(last)) load.tell_clients();
  load.stop();
  world.run_for(kEnd);  // what was begun may write: with one server connection for all, pauses and slow statements add up
  world.checkers().on_end(load.has_written_since(last));
  if (const auto primary = world.view().primary) load.judge(world.node(primary->value).tables());
  return {world.checkers().violations(), world.take_trace(), world.trace_hash(), world.checkers().promotions(), load.acknowledged(),
          load.fates(), world.universe().happened};
}

Outcome simulate(std::uint64_t seed, Mutant mutant) {
  const WorldOptions options = draw_options(seed, mutant);
  World world(options);
  WorkloadOptions work = draw_workload(seed, options);
  work.mended_at = world.now() + kBefore + kTrouble + kAftermath;
  Workload load(world, work);
  world.run_for(kBefore);
  set_paces(world);
  const Trouble trouble(world, kTrouble, work.is_lossless);
  load.set_pause(kPause);
  world.run_for(kTrouble + kAftermath);
  return conclude(world, load, kRepair);
}

}  // namespace howdah::sim
