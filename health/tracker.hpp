// Judges each node from what is seen of it: probes, clients' connections, the operator's word. Decides what counts as
// dead, when to ask again, and when a node that was down may come back. It knows nothing of primaries and plans: the
// failover coordinator owns a tracker, feeds it every event and reads its judgement. Runs on the control thread.
//
// How failure is judged. A failed probe makes a node *suspect*: reads leave it at once, because another node can
// answer them, but it is *down* only after health_check_max_retries more attempts. A client's connection error never
// counts by itself; it makes the tracker ask at once over a new connection. What a living server says (wrong password, no
// free slot) is never a death; what a restarting server says is waited out for crash_restart_grace.
//
// Silence is measured from the oldest question without an answer, or from the last byte that anybody's connection had from
// the node. After answer_deadline it makes the node suspect, and the node is knocked at over a new connection beside the
// silent one, for a single connection may be stuck. Only when that stays silent, too, the node is down.
#pragma once

#include <array>
#include <optional>
#include <utility>
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
  Instant last_answered_at = {};           // when it came
  Instant heard_at = {};                   // the newest sign of life, over whatever connection
  Instant last_failed_at = {};             // when the newest failed probe was asked
  Instant last_failure_at = {};            // when that was known
  std::optional<FailureKind> failure = {}; // of the newest probe, if it failed
  TimelineId timeline = {};                // the newest it was seen to have reached
  Lsn position = {};                       // of the newest answer
  int outcomes = 0;                        // probes answered or failed since Howdah started or the node was attached
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
  // Clients' connections had bytes from the node; to be told before on(), which draws the conclusions.
  void hear(NodeId id, Instant at);

  const std::vector<NodeFacts>& nodes() const { return nodes_; }
  const NodeFacts* find(NodeId id) const;

  // For state_changed_at and the statistics only: what people's clocks show at `now`.
  void set_wall_clock(WallTime wall, Instant now);
  // At start, from the status file: the node was down, or taken out by an operator, when Howdah last ran.
  void restore(NodeId id, NodeCondition condition, Instant now);
  // The coordinator's orders: do not use the node although it answers; use it again; ask it this often for a while.
  void fence(NodeId id, std::string reason, Instant now, Actions<HealthAction>& out);
  void unfence(NodeId id, Instant now, Actions<HealthAction>& out);  // becomes `down`, from where it may return
  void release(NodeId id, std::string reason, Instant now, Actions<HealthAction>& out);
  void watch_closely(NodeId id, Duration period, Instant now);
  void watch_normally(NodeId id);
  void probe_now(NodeId id, Instant now, Actions<HealthAction>& out);
  // While there is a primary, a standby that was down must stream on its timeline before it returns.
  void set_primary_timeline(std::optional<TimelineId> timeline) { primary_timeline_ = timeline; }
  void reconfigure(HealthOptions options);
  std::uint64_t change_count(NodeCondition to) const { return changes_[static_cast<std::size_t>(to)]; }

 private:
  struct Schedule {
    std::optional<Instant> in_flight_since = {};  // one question at a time
    Instant next_probe = {};
    bool is_in_flight_fresh = false;
    bool is_fresh_wanted = false;      // the next question goes over a new connection
    bool is_asked_by_traffic = false;  // its failure confirms a client's error
    bool is_run_broken = false;        // since the newest answer something failed: it may be another server now
    bool was_up = false;               // before it became suspect: what it returns to
    std::optional<Instant> unanswered_since = {};  // the oldest question that nothing was heard after
    bool is_knocked = false;           // in this silence
    void end_silence() { unanswered_since.reset(), is_knocked = false; }
    std::optional<Duration> close_watch = {};
    std::optional<Instant> returned_at = {};
    int unclear = 0;                   // new connections that broke, in a row
    Duration quickest_answer = {};     // ever; about a round trip. 0: none yet
    std::uint64_t round_retries = 0;
  };

  void on_event(const ProbeAnswered& event, Instant now, Actions<HealthAction>& out);
  void on_event(const ProbeFailed& event, Instant now, Actions<HealthAction>& out);
  void on_event(const TrafficFailed& event, Instant now, Actions<HealthAction>& out);
  void on_event(const TrafficSeen& event, Instant now, Actions<HealthAction>& out);
  void on_event(const PositionWanted& event, Instant now, Actions<HealthAction>& out);
  void on_event(const OperatorAttach& event, Instant now, Actions<HealthAction>& out);
  void on_event(const OperatorDetach& event, Instant now, Actions<HealthAction>& out);
  void on_event(const Tick& event, Instant now, Actions<HealthAction>& out);

  void learn(NodeFacts& node, const ProbeAnswered& event, Instant now);
  void judge_answer(NodeFacts& node, Instant now, Actions<HealthAction>& out);
  void judge_closed(NodeFacts& node, const ProbeFailed& event, Instant now, Actions<HealthAction>& out);
  void judge_restarting(NodeFacts& node, const ProbeFailed& event, bool is_confirmation, Instant now,
                        Actions<HealthAction>& out);
  void judge_unclear(NodeFacts& node, const ProbeFailed& event, Instant now, Actions<HealthAction>& out);
  void judge_dead_or_not(NodeFacts& node, const ProbeFailed& event, bool is_confirmation, Instant now,
                         Actions<HealthAction>& out);
  void take_knock_failure(NodeFacts& node, const ProbeFailed& event, Instant now, Actions<HealthAction>& out);
  void judge_silence(NodeFacts& node, Instant now, Actions<HealthAction>& out);
  void give_up_silent(NodeFacts& node, Duration silent, Instant now, Actions<HealthAction>& out);
  std::optional<Instant> silent_since(const NodeFacts& node) const;
  std::optional<Instant> silence_deadline(const NodeFacts& node) const;
  bool may_return(const NodeFacts& node, Instant now) const;
  void count_answer(NodeFacts& node, Duration took, Instant now);
  void count_failure(NodeFacts& node, Duration took, Instant now);
  void count_skipped(NodeFacts& node, Instant now);
  void make_usable(NodeFacts& node, std::string reason, Instant now, Actions<HealthAction>& out);
  void set_condition(NodeFacts& node, NodeCondition to, std::string reason, Instant now, Actions<HealthAction>& out);
  void ask(NodeFacts& node, Instant now, Actions<HealthAction>& out);
  void plan_next(NodeFacts& node, Instant now);
  Duration normal_period(const NodeFacts& node) const;
  NodeFacts* find_mutable(NodeId id);
  Schedule& schedule_of(const NodeFacts& node) { return schedules_[static_cast<std::size_t>(&node - nodes_.data())]; }
  const Schedule& schedule_of(const NodeFacts& node) const {
    return schedules_[static_cast<std::size_t>(&node - nodes_.data())];
  }
  WallTime wall(Instant now) const;

  HealthOptions options_;
  Log& log_;
  std::vector<NodeFacts> nodes_;
  std::vector<Schedule> schedules_;  // beside nodes_, by index
  std::array<std::uint64_t, kNodeConditions> changes_{};
  std::optional<TimelineId> primary_timeline_;
  WallTime wall_base_{};
  Instant wall_base_at_{};
};

}  // namespace howdah::health
