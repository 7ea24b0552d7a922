#include "tests/sim/stories.hpp"

#include <algorithm>
#include <array>

#include "tests/sim/trouble.hpp"

namespace howdah::sim {

namespace {

using failover::SqlStep;

constexpr Duration kCalm = 1500ms;      // before it happens
constexpr Duration kPlot = 15s;         // it happens
constexpr Duration kStoryRepair = 16s;
constexpr Duration kBusyPause = 40ms;   // of clients
constexpr Duration kRoundLasts = 3500ms;
constexpr int kRounds = 4;
constexpr Duration kLoopRecovery = 60ms;  // of a server that crashes again and again
constexpr Duration kLoopUp = 5ms;

void nothing_special(WorldOptions&, WorkloadOptions&) {}

// Crashes, and comes back as a standby: a new copy.
void kill_for_good(World& world, int node) {
  world.kill(node);
  world.after(1500ms, [&world, node] { world.rebuild(node); });
}

void repeat(World& world, int times, void (*what)(World&)) {
  for (int i = 0; i < times; ++i) world.after(i * kRoundLasts, [&world, what] { what(world); });
}

void on_primary(World& world, void (*what)(World&, int primary)) {
  if (world.view().primary) what(world, world.view().primary->value);
}

// Its last commits are on no standby. It is up again when one of them is promoted, and the others would go on with it.
void restart_in_election(World& world) {
  for (SimPostgres& node : world.nodes()) node.pace = 0.05;
  world.on_step = [&world, is_done = false](const failover::RunSql& step) mutable {
    if (step.step != SqlStep::promote || std::exchange(is_done, true)) return;
    for (SimPostgres& node : world.nodes()) node.pace = node.id == step.node.value ? 0 : 1;
    world.start(0, 0ms);
  };
  world.after(1s, [&world] { world.kill(0); });
}

// A commit is written and goes nowhere; its id is the first that the promoted standby hands out.
void crash_at_commits(World& world) {
  repeat(world, kRounds, [](World& w) {
    on_primary(w, [](World& each, int primary) {
      each.strike_at_commit(primary, [&each, primary] { kill_for_good(each, primary); });
    });
  });
}

// A primary crashes with a commit that is not written, and again as soon as a client of its own has been given the id of that.
void crash_loop(World& world) {
  repeat(world, kRounds, [](World& w) {
    on_primary(w, [](World& each, int primary) {
      each.strike_at_commit(primary, [&each, primary] {
        each.crash_backend(primary, kLoopRecovery);
        each.after(kLoopRecovery + kLoopUp, [&each, primary] {
          SimPostgres& server = each.node(primary);
          if (!server.answers()) return;
          for (int i = 0; i < 8; ++i) server.wal.push_back({.timeline = server.timeline, .xid = server.next_xid()});
          each.crash_backend(primary, kLoopRecovery);
        });
      });
    });
  });
}

void crash_under_transfers(World& world) {
  repeat(world, kRounds, [](World& w) { on_primary(w, [](World& each, int primary) { kill_for_good(each, primary); }); });
}

void switch_over_and_back(World& world) {
  for (const int candidate : {1, 2}) {
    world.after((candidate - 1) * 2 * kRoundLasts, [&world, candidate] {
      world.request(failover::PromoteRequest{static_cast<failover::RequestId>(candidate), NodeId{candidate}, true}, "switchover");
    });
    world.after(candidate * 2 * kRoundLasts - 500ms, [&world] { rebuild_outcasts(world); });
  }
}

void return_of_old_primary(World& world) {
  world.kill(0);
  world.after(3s, [&world] { world.start(0, 50ms); });
}

void one_standby_behind(World& world) {
  world.node(1).pace = 0.02;
  world.after(4s, [&world] { world.kill(0); });
}

void gateway_alone_cut_off(World& world) {
  world.cut_gateway(0);
  world.after(5s, [&world] { world.heal(); });
}

void no_fault(World&) {}

void in_doubt(WorldOptions&, WorkloadOptions& work) { work.worker.session.commit_safety = CommitSafety::strict; }

void own_writes(WorldOptions&, WorkloadOptions& work) {
  work.worker.routing.read_consistency = ReadConsistency::session;
  work.worker.routing.statement_level_load_balance = true;
}

void with_replay(WorldOptions&, WorkloadOptions& work) { work.worker.session.transaction_replay = true; }

void impatient(WorldOptions&, WorkloadOptions& work) {
  work.impatience = 0.2;
  work.is_wide = true;
  work.worker.pool.limits.default_pool_size = 2;
}

constexpr std::array kStories{
    Story{"restart_in_election", "the dead primary is up again when a standby is promoted", nothing_special, restart_in_election},
    Story{"crash_at_commits", "primaries die with a commit that no standby has", in_doubt, crash_at_commits},
    Story{"crash_loop", "primaries crash with a commit, and once more before anybody looks", in_doubt, crash_loop},
    Story{"crash_under_transfers", "primaries die under open transactions", with_replay, crash_under_transfers},
    Story{"switchovers", "planned switchovers under load", nothing_special, switch_over_and_back},
    Story{"return_of_old_primary", "a replaced primary starts again", nothing_special, return_of_old_primary},
    Story{"one_standby_behind", "a standby far behind the other, and the primary dies", own_writes, one_standby_behind},
    Story{"gateway_cut_off", "the gateway alone cannot reach the primary", nothing_special, gateway_alone_cut_off},
    Story{"impatient_clients", "clients cancel, or leave in the middle, and few server connections for them on two workers", impatient, no_fault},
};

}  // namespace

std::span<const Story> stories() { return kStories; }

const Story* find_story(std::string_view name) {
  const auto found = std::find_if(kStories.begin(), kStories.end(), [&](const Story& story) { return story.name == name; });
  return found == kStories.end() ? nullptr : &*found;
}

Outcome tell(const Story& story, std::uint64_t seed, Mutant mutant) {
  WorldOptions options{.nodes = 3, .seed = seed, .mutant = mutant};
  set_fast_profile(options);
  options.failover.are_views_told = true;
  WorkloadOptions work{.clients = 5};
  story.prepare(options, work);
  World world(std::move(options));
  Workload load(world, std::move(work));
  load.set_pause(kBusyPause);
  world.run_for(kCalm);
  story.happen(world);
  world.run_for(kPlot);
  return conclude(world, load, kStoryRepair);
}

}  // namespace howdah::sim
