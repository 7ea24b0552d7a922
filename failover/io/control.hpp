// The control side at work: one thread owns the coordinator and its tracker; one prober thread and one SQL thread per
// node ask and act, so that a hung node delays nobody. Everything else talks to it through the thread-safe methods
// here. Made by the composition root; views leave through `publish`, called on the control thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agent/agent_options.hpp"
#include "base/log.hpp"
#include "base/result.hpp"
#include "failover/failover_options.hpp"
#include "failover/io/etcd_link.hpp"
#include "failover/io/http_client.hpp"
#include "failover/timeline.hpp"
#include "health/cluster_view.hpp"
#include "health/commit_doubt.hpp"
#include "health/events.hpp"
#include "health/health_options.hpp"
#include "health/health_stats.hpp"
#include "health/io/credentials.hpp"

namespace howdah::failover {

struct ControlOptions {
  health::HealthOptions health;
  FailoverOptions failover;
  health::Credentials probe_login;  // sr_check_user, or health_check_user where that is not set
  health::Credentials step_login;   // for promotion and the like; usually the same
  HttpOptions patroni;              // without addresses: it is not asked
  EtcdOptions etcd;                 // used where failover.council is enabled
  agent::TlsFiles agent_tls;         // towards the agents, where there are any
  std::string status_directory;     // work_dir; empty: nothing is kept
  bool is_status_discarded = false; // -D
  // When clients' connections last had bytes from the node. Called on the control thread.
  std::function<Instant(NodeId)> heard_at = [](NodeId) { return Instant{}; };
};

class Control {
 public:
  Control(ControlOptions options, Log& log, std::function<void(ClusterViewPtr)> publish);
  ~Control();  // stops
  Control(const Control&) = delete;
  Control& operator=(const Control&) = delete;

  // Starts the threads; returns at once. Views with a primary follow when one is found.
  void start();
  // Waits until a primary is known, or the time is over; false then.
  bool wait_for_primary(Duration limit);
  // Ends all threads (a probe under way is broken off); a plan under way is left where it is (failover/README.md tells what that leaves behind).
  void stop();

  // From any thread, cheap: called by workers for each server connection that fails.
  void report_traffic_failure(NodeId node, health::FailureKind kind);
  // From any thread: a client used the node (waiting becomes up). Cheap, but not for every statement.
  void report_traffic(NodeId node);

  // From any thread: somebody waits for a newer position of the primary. It comes with a view.
  void want_position();

  // From any thread (needed where failover.are_views_told).
  void note_view_taken(ViewTaken event);

  // From any thread but the control thread; wait for the outcome.
  Result<void> attach(NodeId node);
  Result<void> detach(NodeId node);
  Result<void> promote(NodeId node, bool is_switchover);

  // From any thread; does not wait. `then` is called exactly once, on the control thread or while stop() runs.
  void look_up(CommitDoubt doubt, Duration limit, std::function<void(CommitOutcome)> then);

  ClusterViewPtr view() const;
  struct NodeStats {
    NodeId node;
    health::HealthCheckStats stats;
  };
  std::vector<NodeStats> health_stats() const;
  std::vector<FailoverRecord> failovers() const;  // oldest first

  // Settings that may change while running: periods, timeouts, retries, commands, weights. The set of nodes may not.
  void reconfigure(health::HealthOptions health, FailoverOptions failover);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace howdah::failover
