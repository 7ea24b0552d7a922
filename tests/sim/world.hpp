// The whole in one thread and virtual time: the real Coordinator with its Tracker, simulated servers, the network between
// them, and clients that follow the published views. Scripts (tests/failover) and seeds (tests/sim) drive it alike. A
// World is one gateway; several share a Universe, which has the servers, the etcd and the time.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/rejoin.hpp"
#include "base/rng.hpp"
#include "failover/coordinator.hpp"
#include "tests/sim/checkers.hpp"
#include "tests/sim/sim_postgres.hpp"
#include "tests/sim/universe.hpp"

namespace howdah::sim {

// Bugs that can be planted between the coordinator and the servers, as if it had them. Each must be caught.
enum class Mutant {
  none,
  no_freeze,      // standbys are not stopped before the election
  lowest_id,      // the lowest standby is promoted, not the most advanced
  nobody_asked,   // the standbys are not asked whether they hear the primary
  stale_clients,  // workers go on with an old view
  no_fork,        // commits in doubt are looked up without the bound that the promotion has set
  unseen_run,     // of two runs of a server nothing is taken to have been between
  no_fence,       // a false primary is left open for writes
  control_timeline,  // a primary's timeline is taken from its control file, which tells it late
  early_release,  // clients are let go on before the old primary of a switchover is closed
  // Bugs of sessions and pools.
  blind_replay,   // a transaction is run again without comparing what it answers
  dirty_reuse,    // a server connection that still owes answers is lent to the next client
  hopeful_commit, // a commit in doubt is told to have succeeded without looking it up
  stale_reads,    // a standby is taken to have replayed everything
  mixed_up_move,  // a connection that goes to another worker is taken to have the settings that another one has
};
constexpr std::array kMutantNames{"none",         "no_freeze",     "lowest_id",    "nobody_asked", "stale_clients",  "no_fork",    "unseen_run",
                                  "no_fence",     "control_timeline", "early_release", "blind_replay", "dirty_reuse",  "hopeful_commit", "stale_reads",
                                  "mixed_up_move"};
static_assert(kMutantNames.size() == static_cast<std::size_t>(Mutant::mixed_up_move) + 1);

constexpr Duration kLogin = 5ms;  // more than a question over a kept connection

struct WorldOptions {
  int nodes = 3;
  std::uint64_t seed = 1;
  Mutant mutant = Mutant::none;
  bool has_jitter = true;  // random latencies; scripts switch it off
  std::string synchronous_names = {};
  health::HealthOptions health = {};  // its nodes are filled in
  failover::FailoverOptions failover = {};
};

class World {
 public:
  explicit World(WorldOptions options, std::shared_ptr<Universe> universe = nullptr);
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
  enum class Way { both, out, in };  // as the gateway sees it
  void cut_gateway(int node, Way way = Way::both);
  void cut(int one, int other) { cuts_.insert({one, other}), cuts_.insert({other, one}); }
  void cut_one_way(int from, int to) { cuts_.insert({from, to}); }
  void cut_agent(int node) { cut_agents_.insert(node); }
  void heal_gateway();
  void heal();
  void reset_connections(int node);
  void set_loss(double share) { loss_ = share; }  // of packets, which are sent again
  // The node's next COMMIT is the moment of the fault: `what` happens just before it is written or just after.
  void strike_at_commit(int node, std::function<void()> what) { commit_faults_[node] = std::move(what); }
  std::function<void()> take_commit_fault(int node) { return std::exchange(commit_faults_[node], nullptr); }
  void set_step_failures(double share) { step_failures_ = share; }  // of SQL steps, before or after they have taken effect
  void set_latency(int node, Duration latency) { nodes_[static_cast<std::size_t>(node)].latency = latency; }

  // world_peers.cpp: Patroni, as scripts make it. Its leader: a node; none; or nothing, and it does not answer.
  void set_patroni(std::optional<int> leader);
  void silence_patroni() { patroni_.reset(); }
  // etcd, and what other gateways have written there.
  failover::Assembly& assembly() { return universe_->etcd.assembly; }
  std::int64_t next_revision() { return ++universe_->etcd.revision; }
  // Bugs of the agreement: the others' votes are not read; the end of the own lease does not count.
  void set_council_mutant(bool has_no_votes, bool has_no_isolation) {
    reads_no_votes_ = has_no_votes, has_endless_lease_ = has_no_isolation;
  }
  void set_etcd_away(bool is_away) { is_etcd_away_ = is_away; }  // for this gateway
  std::string servers() const { return failover::servers_of(coordinator_->tracker().nodes()); }

  void restart_gateway();
  void post(const failover::Event& event);
  // What a session asks whose COMMIT was cut off.
  void look_up(const CommitDoubt& doubt, Duration limit, std::function<void(CommitOutcome)> then);
  void request(const failover::Event& event, const std::string& name);
  void hear(int node) { coordinator_->hear(NodeId{node}, now_); }  // a client's connection had bytes from it
  void report_failure(int node, health::FailureKind kind) { post(health::TrafficFailed{NodeId{node}, kind}); }

  const ClusterView& view() const { return *view_; }
  const failover::Coordinator& coordinator() const { return *coordinator_; }
  std::vector<SimPostgres>& nodes() { return nodes_; }
  SimPostgres& node(int id) { return nodes_[static_cast<std::size_t>(id)]; }
  bool can_send(int node) const { return !unsendable_.contains(node); }
  bool can_hear(int node) const { return !unheard_.contains(node); }
  bool is_reachable(int node) const { return can_send(node) && can_hear(node); }
  std::uint64_t cut_count(int) const { return cut_count_; }
  double loss() const { return loss_; }
  std::map<std::string, std::string>& first_answers() { return first_answers_; }
  Universe& universe() { return *universe_; }
  std::uint64_t next_request() { return ++last_request_; }  // of clients
  Rng& rng() { return rng_; }
  Checkers& checkers() { return checkers_; }
  const Mutant& mutant() const { return options_.mutant; }
  std::uint64_t trace_hash() const { return universe_->trace_hash; }
  std::vector<std::string> take_trace() { return std::exchange(universe_->trace, {}); }
  void note(std::string line);  // one line of the trace
  void acknowledge(std::uint64_t write);

  bool is_old_primary_closed() const { return closed_.has_value(); }  // of a switchover under way

  std::function<void(const failover::RunSql&)> on_step = [](const failover::RunSql&) {};  // is about to be sent
  std::map<std::size_t, std::function<void()>> on_published;                              // the sessions' workers, by number
  std::function<void()> on_gateway_restart = [] {};
  // A worker acts by the view of that version; is_quiet: and nothing it has sent outside a transaction is unanswered.
  void note_view_taken(std::size_t worker, std::uint64_t version, bool is_quiet);

 private:
  void start_gateway();
  void run_actions(Actions<failover::Action>& actions);
  void perform(const failover::Probe& probe);
  void perform(const failover::RunSql& step);
  void perform(const failover::RunCommand& command);
  void perform(const failover::AskAgent& asked);
  void perform(const failover::Publish& action);
  void perform(const failover::Persist& action) { kept_ = action.state; }
  std::set<int> answering() const;
  void hide_from_probe(const SimPostgres& node, health::ProbeResult& result) const;
  void perform(const failover::Answer& answer);
  void perform(const failover::Fate& fate);
  void perform(const failover::WatchPatroni& action);
  void perform(const failover::SwitchPatroni& action);
  void keep_asking_patroni(std::uint64_t watch, Duration period);
  void perform(const failover::WatchCouncil& action);
  void perform(const failover::TellCouncil& action);
  void perform(const failover::TakeLock& action);
  void perform(const failover::DropLock& action);
  void perform(const failover::ClaimOffice& action);
  void keep_reading_etcd(std::uint64_t watch, Duration period);
  void change_etcd(std::function<void()> change);
  void read_etcd();
  std::vector<std::string> fork_of(const SimPostgres& node) const;
  void answer_probe(const failover::Probe& probe, Instant asked_at);
  health::FailureKind failure_of(const SimPostgres& node) const;
  void carry_out(const failover::RunSql& step);
  void fail_step(const failover::RunSql& step, Instant when, const std::string& text);
  std::vector<std::vector<std::string>> run_step(SimPostgres& node, const failover::RunSql& step);
  void promote_step(SimPostgres& node);
  void judge_switchover();
  void tell_workers();
  // world_agents.cpp
  agent::Report run_agent(SimPostgres& node, const agent::Request& request);
  void stop_in_order(SimPostgres& node);
  void make_standby(SimPostgres& node, const agent::Request& request, agent::Report& report);
  void rebuild_from(int id, const SimPostgres& source);
  void answer_for_agent(const failover::AskAgent& asked, agent::Report report);
  void replicate();
  bool carries(int from, int to) const { return !cuts_.contains({from, to}); }
  bool is_cut(int one, int other) const { return !carries(one, other) || !carries(other, one); }
  void end_clients(SimPostgres& node, ServerEnd how);
  void receive(SimPostgres& standby);
  std::size_t records_at_once(const SimPostgres& standby);
  void wake_gateway();
  Duration latency_of(const SimPostgres& node);
  std::function<void()> for_this_gateway(std::function<void()> what);

  WorldOptions options_;
  std::shared_ptr<Universe> universe_;  // shared by the gateways of one simulation
  Rng& rng_;
  Instant& now_;
  std::vector<SimPostgres>& nodes_;
  std::set<int> unsendable_;  // what the gateway sends them is lost
  std::set<int> unheard_;     // what they send the gateway is lost
  std::set<int> cut_agents_;
  std::uint64_t cut_count_ = 0;
  double loss_ = 0;
  double step_failures_ = 0;
  std::map<int, std::function<void()>> commit_faults_;
  std::map<std::string, std::string> first_answers_;  // of a mutant
  std::uint64_t last_request_ = 0;
  std::set<std::pair<int, int>>& cuts_;
  std::set<int> pretended_frozen_;  // by a mutant
  std::set<int> electorate_;        // who answered when the newest election was decided; who comes back later is too late
  std::optional<int> closed_;       // the old primary of a switchover under way
  std::unique_ptr<Log> log_;
  std::unique_ptr<failover::Coordinator> coordinator_;
  std::uint64_t incarnation_ = 0;  // of the gateway; what was under way for an earlier one is lost
  failover::KeptState kept_;
  ClusterViewPtr view_ = std::make_shared<const ClusterView>();
  struct Takings {
    std::map<std::size_t, std::uint64_t> versions = {};  // by worker
    std::uint64_t told = 0;
  };
  Takings taken_, quiet_;
  std::map<failover::RequestId, std::string> requests_;
  std::map<failover::RequestId, std::function<void(CommitOutcome)>> doubts_;
  failover::RequestId last_doubt_ = 1'000'000;  // apart from operators' requests
  std::optional<Instant> wake_at_;
  std::optional<failover::PatroniCluster> patroni_;
  std::uint64_t patroni_watch_ = 0;
  bool is_etcd_away_ = false;
  bool reads_no_votes_ = false;
  bool has_endless_lease_ = false;
  std::uint64_t council_watch_ = 0;
  std::optional<failover::Vote> told_;
  Instant lease_until_{};
  std::string last_sql_;
  Checkers checkers_;
};

std::string summary_of(const ClusterView& view);

}  // namespace howdah::sim
