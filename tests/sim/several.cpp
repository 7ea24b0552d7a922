#include "tests/sim/several.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "tests/sim/workload.hpp"

namespace howdah::sim {

namespace {

constexpr int kNodes = 3;
constexpr int kClientsOfEach = 2;
constexpr Duration kHerdTrouble = 50s;
constexpr Duration kHerdAftermath = 12s;
constexpr Duration kHerdRepair = 60s;
constexpr Duration kHerdLastWrites = 5s;
constexpr Duration kHerdEnd = 12s;
constexpr Duration kHerdPause = 250ms;  // of clients

enum class HerdFault { crash, freeze, gateway_cut, lone_primary, etcd_cut, etcd_outage, network_cut, gateway_restart, switchover };
constexpr int kHerdFaults = 9;

struct Gateway {
  std::unique_ptr<World> world;
  std::unique_ptr<Workload> clients;
};

class Herd {
 public:
  Herd(std::uint64_t seed, CouncilMutant mutant) : rng_(seed ^ 0x5eed), universe_(std::make_shared<Universe>(seed)), mutant_(mutant) {
    const int count = 2 + static_cast<int>(rng_.below(2));
    for (int i = 0; i < count; ++i) add(seed, i);
    for (int fault = 0; fault < kHerdFaults; ++fault)
      if (rng_.chance(0.35)) drawn_.push_back(static_cast<HerdFault>(fault));
    if (drawn_.empty()) drawn_.push_back(HerdFault::crash);
  }

  void run_for(Duration duration) { any().run_for(duration); }

  void cause_trouble() {
    trouble_ends_ = universe_->now + kHerdTrouble;
    plan_next();
  }

  void mend() {
    for (Gateway& gateway : gateways_) gateway.world->heal(), gateway.world->set_etcd_away(false);
    for (SimPostgres& node : universe_->nodes) {
      if (node.life == Life::dead) any().start(node.id, 100ms);
      if (node.life == Life::frozen) any().thaw(node.id);
    }
  }

  // An operator rebuilds what cannot follow.
  void rebuild() {
    const auto primary = any().view().primary;
    if (!primary) return;
    const SimPostgres& server = universe_->nodes[static_cast<std::size_t>(primary->value)];
    for (SimPostgres& node : universe_->nodes) {
      const bool is_stuck = node.in_recovery && !node.is_receiving && !node.is_prefix_of(server);
      if (node.id != server.id && node.answers() && (is_stuck || !node.in_recovery)) any().rebuild(node.id);
    }
  }

  Outcome end() {
    const Instant last = universe_->now;
    run_for(kHerdLastWrites);
    std::vector<std::string> violations;
    for (Gateway& gateway : gateways_) {
      if (!gateway.clients->has_written_since(last)) gateway.clients->tell_clients();
      if (gateway.world->view().primary != any().view().primary) violations.push_back("the gateways have different primaries");
      gateway.clients->stop();
    }
    run_for(kHerdEnd);
    violations.insert(violations.end(), universe_->violations.begin(), universe_->violations.end());
    for (Gateway& gateway : gateways_)
      if (!gateway.clients->has_written_since(last)) violations.push_back("a gateway cannot write although every fault was mended");
    for (Gateway& gateway : gateways_)
      if (const auto primary = any().view().primary) gateway.clients->judge(any().node(primary->value).tables());
    Outcome outcome{.trace = any().take_trace(), .trace_hash = any().trace_hash()};
    for (Gateway& gateway : gateways_) {
      const auto& own = gateway.world->checkers().violations();
      violations.insert(violations.end(), own.begin(), own.end());
      outcome.promotions += gateway.world->checkers().promotions();
      outcome.acknowledged += gateway.clients->acknowledged();
    }
    outcome.violations = std::move(violations);
    return outcome;
  }

 private:
  void add(std::uint64_t seed, int number) {
    WorldOptions options{.nodes = kNodes, .seed = seed};
    options.failover.council = {true, {fmt::format("g{}", number), 1}};
    options.failover.are_views_told = true;
    options.health.crash_restart_grace = 3s;
    for (int i = 0; i < kNodes; ++i)
      options.health.nodes.push_back({.check_timeout = 1s, .max_retries = static_cast<int>(rng_.below(2)), .retry_delay = 300ms});
    Gateway gateway;
    gateway.world = std::make_unique<World>(std::move(options), universe_);
    gateway.world->set_council_mutant(mutant_ == CouncilMutant::no_votes, mutant_ == CouncilMutant::no_isolation);
    WorkloadOptions work{.clients = kClientsOfEach, .first_write = static_cast<std::uint64_t>(number) * 1'000'000};
    work.worker.session.commit_safety = CommitSafety::pipelined;
    work.worker.session.transaction_replay = true;
    gateway.clients = std::make_unique<Workload>(*gateway.world, work);
    gateway.clients->set_pause(kHerdPause);
    gateways_.push_back(std::move(gateway));
  }

  World& any() { return *gateways_.front().world; }
  Gateway& some_gateway() { return gateways_[rng_.below(gateways_.size())]; }
  int some_node() { return static_cast<int>(rng_.below(kNodes)); }
  Duration some_time() { return milliseconds(rng_.chance(0.5) ? 50 + rng_.below(1000) : 1000 + rng_.below(20'000)); }
  void after(Duration delay, std::function<void()> what) { any().after(delay, std::move(what)); }

  void plan_next() {
    after(500ms + milliseconds(rng_.below(12'000)), [this] {
      if (universe_->now >= trouble_ends_) return;
      strike(drawn_[rng_.below(drawn_.size())]);
      plan_next();
    });
  }

  void strike(HerdFault fault) {
    Gateway& gateway = some_gateway();
    World& world = *gateway.world;
    const int node = rng_.chance(0.6) && world.view().primary ? world.view().primary->value : some_node();
    switch (fault) {
      case HerdFault::crash:
        kill(node);
        if (rng_.chance(0.7)) after(some_time(), [this, node] { any().start(node, 50ms); });
        return;
      case HerdFault::freeze:
        world.freeze(node);
        return after(some_time(), [this, node] { any().thaw(node); });
      case HerdFault::gateway_cut:
        world.note(fmt::format("cut from node {}", node));
        world.cut_gateway(node);
        return after(some_time(), [&world] { world.heal_gateway(); });
      case HerdFault::lone_primary: return cut_off(gateway, node);
      case HerdFault::etcd_cut:
        world.note("cut from etcd");
        world.set_etcd_away(true);
        return after(some_time(), [&world] { world.set_etcd_away(false); });
      case HerdFault::etcd_outage:
        for (Gateway& each : gateways_) each.world->note("etcd away"), each.world->set_etcd_away(true);
        return after(some_time(), [this] {
          for (Gateway& each : gateways_) each.world->set_etcd_away(false);
        });
      case HerdFault::network_cut: {
        const int other = some_node();
        world.note(fmt::format("cut nodes={},{}", node, other));
        world.cut(node, other);
        return after(some_time(), [this] { universe_->cuts.clear(); });
      }
      case HerdFault::gateway_restart: return world.restart_gateway();
      case HerdFault::switchover:
        return world.request(failover::PromoteRequest{++last_request_, NodeId{node}, true}, fmt::format("switchover {}", node));
    }
  }

  void kill(int node) {
    for (Gateway& gateway : gateways_) gateway.world->kill(node);  // each notices its own connections
  }

  // A cut through the middle: the node and one gateway here, all others and etcd there.
  void cut_off(Gateway& lone, int node) {
    lone.world->note(fmt::format("alone with node {}", node));
    lone.world->set_etcd_away(true);
    for (int other = 0; other < kNodes; ++other)
      if (other != node) lone.world->cut_gateway(other), lone.world->cut(node, other);
    for (Gateway& gateway : gateways_)
      if (gateway.world != lone.world) gateway.world->cut_gateway(node);
    after(some_time(), [this] {
      for (Gateway& gateway : gateways_) gateway.world->heal(), gateway.world->set_etcd_away(false);
    });
  }

  Rng rng_;
  std::shared_ptr<Universe> universe_;
  CouncilMutant mutant_;
  std::vector<Gateway> gateways_;
  std::vector<HerdFault> drawn_;
  Instant trouble_ends_{};
  failover::RequestId last_request_ = 0;
};

}  // namespace

Outcome simulate_several(std::uint64_t seed, CouncilMutant mutant) {
  Herd herd(seed, mutant);
  herd.run_for(3s);
  herd.cause_trouble();
  herd.run_for(kHerdTrouble + kHerdAftermath);
  herd.mend();
  herd.run_for(kHerdRepair / 2);
  herd.rebuild();
  herd.run_for(kHerdRepair / 2);
  return herd.end();
}

}  // namespace howdah::sim
