// Judges each node from what is seen of it: probes, clients' connections, the operator's word. Decides what counts as
// dead, when to ask again, and when a node that was down may come back. It knows nothing of primaries and plans: the
// failover coordinator owns a tracker, feeds it every event and reads its judgement. Runs on the control thread.
//
// How failure is judged. A failed probe makes a node *suspect*: reads leave it at once, because another node can
// answer them, but it is *down* only after health_check_max_retries more attempts. A client's connection error never
// counts by itself; it makes the tracker ask at once over a new connection. What a living server says (wrong password, no
// free slot) is never a death; what a restarting server says is waited out for crash_restart_grace.
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "base/actions.hpp"
#include "base/log.hpp"
#include "health/cluster_view.hpp"
#include "health/events.hpp"
#include "health/health_options.hpp"
#include "health/health_stats.hpp"
#include "health/node_state.hpp"

namespace howdah::health {

// Everything known about one node.
struct NodeFacts {
  NodeOptions options;
  NodeCondition condition = NodeCondition::unknown;
  std::string reason = {};  // why it is not up; for people
  WallTime changed_at = {};

  bool answers = false;                    // the newest probe was answered
  std::optional<ProbeResult> last = {};    // the newest answer, also an old one
  Instant last_asked_at = {};              // when that answer was asked for
  Instant last_failed_at = {};             // when the newest failed probe was asked
  std::optional<FailureKind> failure = {}; // of the newest probe, if it failed
  TimelineId timeline = {};                // the newest it was seen to have reached
  Lsn position = {};                       // of the newest answer
  int failures = 0;                        // in a row
  int successes = 0;                       // in a row
  Instant trouble_since = {};              // when it stopped being waiting or up
  HealthCheckStats stats = {};

  bool is_usable() const { return condition == NodeCondition::waiting || condition == NodeCondition::up; }
  // Nothing more is expected of it: not asked before an election.
  bool is_judged_dead() const { return condition == NodeCondition::down && !answers; }
};

// A node changed its condition; in order of happening.
struct ConditionChanged {
  NodeId node;
  NodeCondition from;
  NodeCondition to;
};
using HealthAction = std::variant<Probe, ConditionChanged>;

class Tracker {
 public:
  Tracker(HealthOptions options, Log& log);

  void on(const HealthEvent& event, Instant now, Actions<HealthAction>& out);
  std::optional<Instant> next_deadline() const;

  const std::vector<NodeFacts>& nodes() const { return nodes_; }
  const NodeFacts* find(NodeId id) const;

  // For state_changed_at and the statistics only: what people's clocks show at `now`.
  void set_wall_clock(WallTime wall, Instant now);
  // At start, from the status file: the node was down, or taken out by an operator, when Howdah last ran.
  void restore(NodeId id, NodeCondition condition, Instant now);
  // The coordinator's orders: do not use the node although it answers; use it again; ask it this often for a while.
  void fence(NodeId id, std::string reason, Instant now, Actions<HealthAction>& out);
  void release(NodeId id, Instant now, Actions<HealthAction>& out);
  void watch_closely(NodeId id, Duration period, Instant now);
  void watch_normally(NodeId id);
  void probe_now(NodeId id, bool is_fresh, Instant now, Actions<HealthAction>& out);
  void reconfigure(HealthOptions options);
  std::uint64_t change_count(NodeCondition to) const { return changes_[static_cast<std::size_t>(to)]; }

 private:
  struct Schedule {
    std::optional<Instant> in_flight_since = {};  // one question at a time
    Instant next_probe = {};
    bool is_fresh_wanted = false;   // ask over a new connection as soon as the question in flight is answered
    bool is_asked_by_traffic = false;  // the next failure is the confirmation of a client's error
    std::optional<Duration> close_watch = {};
    std::optional<Instant> returned_at = {};
    int round_retries = 0;
  };

  void on_answer(NodeFacts& node, const ProbeAnswered& event, Instant now, Actions<HealthAction>& out);
  void on_failure(NodeFacts& node, const ProbeFailed& event, Instant now, Actions<HealthAction>& out);
  void on_traffic_failure(NodeFacts& node, FailureKind kind, Instant now, Actions<HealthAction>& out);
  void judge_silent(NodeFacts& node, const ProbeFailed& event, Instant now, Actions<HealthAction>& out);
  void judge_restarting(NodeFacts& node, const ProbeFailed& event, Instant now, Actions<HealthAction>& out);
  void judge_refusing(NodeFacts& node, const ProbeFailed& event, Instant now, Actions<HealthAction>& out);
  bool may_return(const NodeFacts& node, Instant now) const;
  void set_condition(NodeFacts& node, NodeCondition to, std::string reason, Instant now,
                     Actions<HealthAction>& out);
  void count_check(NodeFacts& node, bool is_success, Duration took, Instant now);
  void ask(NodeFacts& node, Instant now, Actions<HealthAction>& out);
  void ask_due(Instant now, Actions<HealthAction>& out);
  Duration normal_period(const NodeFacts& node) const;
  NodeFacts* find_mutable(NodeId id);
  Schedule& schedule_of(const NodeFacts& node);
  const Schedule& schedule_of(const NodeFacts& node) const;
  WallTime wall(Instant now) const;

  HealthOptions options_;
  Log& log_;
  std::vector<NodeFacts> nodes_;
  std::vector<Schedule> schedules_;  // beside nodes_, by index
  std::array<std::uint64_t, kNodeConditions> changes_{};
  WallTime wall_base_{};
  Instant wall_base_at_{};
};

}  // namespace howdah::health
