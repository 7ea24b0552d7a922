// What befalls the servers and the network of a run, drawn from its seed; and the operator who mends it all in the end.
#pragma once

#include <vector>

#include "tests/sim/world.hpp"

namespace howdah::sim {

// What may happen.
enum class Fault {
  crash, freeze, backend_crash, slow, flap, rogue_promotion, gateway_cut, network_cut, gateway_restart, switchover, reset, loss,
  steps_fail, exhausted, replay_pause, crash_at_commit, disk_hang, agent_cut
};
constexpr int kFaults = 18;

// Lives as long as the run. Which faults exist at all is drawn once, so that runs differ in kind and not only in time.
class Trouble {
 public:
  // `is_lossless`: the operator promotes nobody, for what is lost by that is lost.
  Trouble(World& world, Duration lasts, bool is_lossless);

 private:
  void plan_next();
  void strike(Fault fault);
  void crash(int node);
  void crash_at_commit(int node);
  void flap(int node);
  void be_slow(int node);
  void cut_gateway(int node);
  void cut_network(int node);
  int some_node() { return static_cast<int>(world_.rng().below(world_.nodes().size())); }
  Duration some_time();
  // For some time: `on`, and then `off`.
  void for_a_while(const std::string& what, std::function<void()> on, std::function<void()> off);

  World& world_;
  std::vector<Fault> drawn_;
  Instant end_;
  failover::RequestId last_request_ = 0;
};

// An operator with patience: starts what is dead, ends what is wrong with the rest.
void mend(World& world);
// And later rebuilds what cannot follow.
void rebuild_outcasts(World& world);

}  // namespace howdah::sim
