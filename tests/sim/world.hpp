// The whole in one thread and virtual time: the real Coordinator with its Tracker, simulated servers, the network between
// them, and clients that follow the published views. Scripts (tests/failover) and seeds (tests/sim) drive it alike.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <set>
#include <string>
#include <vector>

#include "base/rng.hpp"
#include "failover/coordinator.hpp"
#include "tests/sim/checkers.hpp"
#include "tests/sim/sim_postgres.hpp"

namespace howdah::sim {

// Bugs that can be planted between the coordinator and the servers, as if it had them. Each must be caught.
enum class Mutant {
  none,
  no_freeze,      // standbys are not stopped before the election
  lowest_id,      // the lowest standby is promoted, not the most advanced
  nobody_asked,   // the standbys are not asked whether they hear the primary
  stale_clients,  // workers go on with an old view
  no_fence,       // a false primary is left open for writes
};

struct WorldOptions {
  int nodes = 3;
  std::uint64_t seed = 1;
  Mutant mutant = Mutant::none;
  bool has_jitter = true;  // random latencies; scripts switch it off
  health::HealthOptions health = {};  // its nodes are filled in
  failover::FailoverOptions failover = {};
};

class World {
 public:
  explicit World(WorldOptions options);
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  void run_for(Duration duration);
  Instant now() const { return now_; }
  void at(Instant when, std::function<void()> what);
  void after(Duration delay, std::function<void()> what) { at(now_ + delay, std::move(what)); }

  // What may happen to servers and network.
  void kill(int node);
  void freeze(int node);
  void thaw(int node);
  void start(int node, Duration takes);
  void crash_backend(int node, Duration takes);
  void promote_by_hand(int node);
  void rebuild(int node);  // pg_basebackup from the current primary of the servers, then start as its standby
  void demote(int node, int primary);
  void clone_by_hand(int node, int of);  // started as a primary from a copy of another one
  void cut_gateway(int node) { cut_from_gateway_.insert(node); }
  void cut(int one, int other) { cuts_.insert({one, other}), cuts_.insert({other, one}); }
  void heal() { cut_from_gateway_.clear(), cuts_.clear(); }
  void set_latency(int node, Duration latency) { nodes_[static_cast<std::size_t>(node)].latency = latency; }

  void restart_gateway();
  void post(const failover::Event& event);
  void request(const failover::Event& event, const std::string& name);
  void report_failure(int node, health::FailureKind kind) { post(health::TrafficFailed{NodeId{node}, kind}); }

  const ClusterView& view() const { return *view_; }
  const failover::Coordinator& coordinator() const { return *coordinator_; }
  std::vector<SimPostgres>& nodes() { return nodes_; }
  SimPostgres& node(int id) { return nodes_[static_cast<std::size_t>(id)]; }
  bool is_reachable(int node) const { return !cut_from_gateway_.contains(node); }
  Rng& rng() { return rng_; }
  Checkers& checkers() { return checkers_; }
  const Mutant& mutant() const { return options_.mutant; }
  std::uint64_t trace_hash() const { return trace_hash_; }
  std::vector<std::string> take_trace() { return std::exchange(trace_, {}); }
  void note(std::string line);  // one line of the trace

  std::function<void(const ClusterView&)> on_view = [](const ClusterView&) {};

 private:
  struct Entry {
    Instant when;
    std::uint64_t order;
    std::function<void()> what;
    bool operator>(const Entry& other) const {
      return when != other.when ? when > other.when : order > other.order;
    }
  };

  void start_gateway();
  void run_actions(Actions<failover::Action>& actions);
  void perform(const failover::Probe& probe);
  void perform(const failover::RunSql& step);
  void perform(const failover::RunCommand& command);
  void perform(const failover::Publish& action);
  void perform(const failover::Persist& action) { kept_ = action.state; }
  std::set<int> answering() const;
  void hide_from_probe(const SimPostgres& node, health::ProbeResult& result) const;
  void perform(const failover::Answer& answer);
  void answer_probe(const failover::Probe& probe, Instant asked_at);
  health::FailureKind failure_of(const SimPostgres& node) const;
  std::vector<std::vector<std::string>> run_step(SimPostgres& node, const failover::RunSql& step);
  void promote_step(SimPostgres& node);
  void replicate();
  bool is_cut(int one, int other) const { return cuts_.contains({one, other}); }
  void receive(SimPostgres& standby);
  void wake_gateway();
  Duration latency_of(const SimPostgres& node);
  std::function<void()> for_this_gateway(std::function<void()> what);

  WorldOptions options_;
  Rng rng_;
  Instant now_{};
  std::uint64_t order_ = 0;
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> queue_;
  std::vector<SimPostgres> nodes_;
  std::set<int> cut_from_gateway_;
  std::set<std::pair<int, int>> cuts_;
  std::set<int> pretended_frozen_;  // by a mutant
  std::unique_ptr<Log> log_;
  std::unique_ptr<failover::Coordinator> coordinator_;
  std::uint64_t incarnation_ = 0;  // of the gateway; what was under way for an earlier one is lost
  failover::KeptState kept_;
  ClusterViewPtr view_ = std::make_shared<const ClusterView>();
  std::map<failover::RequestId, std::string> requests_;
  std::optional<Instant> wake_at_;
  std::string last_sql_;
  Checkers checkers_;
  std::vector<std::string> trace_;
  std::uint64_t trace_hash_ = 14695981039346656037ULL;
};

std::string summary_of(const ClusterView& view);

}  // namespace howdah::sim
