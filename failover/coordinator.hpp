// What happens when a primary dies, comes back, or is exchanged. The coordinator owns the tracker, feeds it every event
// and turns its judgement into steps: one plan at a time, phase by phase (failover/phase.hpp). It alone decides who is
// primary and raises the epoch. Pure: SQL and commands leave as actions and come back as events. Control thread only.
//
// The idea: a step is repeated, never assumed. What a step was to bring about is looked for in the probes (the WAL
// receiver is gone, the node has left recovery), so a lost answer, a restart of Howdah or someone else's promotion ends
// in the same place. What cannot be had within its limit leads to `holding`, which says why and tries again.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/actions.hpp"
#include "base/log.hpp"
#include "failover/actions.hpp"
#include "failover/agents.hpp"
#include "failover/command_queue.hpp"
#include "failover/commit_fates.hpp"
#include "failover/council.hpp"
#include "failover/disk_watch.hpp"
#include "failover/failover_options.hpp"
#include "failover/fences.hpp"
#include "failover/guards.hpp"
#include "failover/kept_state.hpp"
#include "failover/patroni.hpp"
#include "failover/phase.hpp"
#include "failover/plan.hpp"
#include "failover/sources.hpp"
#include "failover/synchronous.hpp"
#include "failover/timeline.hpp"
#include "failover/view_taking.hpp"
#include "health/role_detector.hpp"
#include "health/tracker.hpp"

namespace howdah::failover {

class Coordinator {
 public:
  Coordinator(health::HealthOptions health, FailoverOptions failover, Log& log);
  Coordinator(const Coordinator&) = delete;
  Coordinator& operator=(const Coordinator&) = delete;

  // At start, before the first event: what was known when Howdah last ran.
  void restore(const KeptState& state, Instant now);

  void on(const Event& event, Instant now, Actions<Action>& out);
  std::optional<Instant> next_deadline() const;
  // Clients' connections had bytes from the node; to be told before on(), which draws the conclusions.
  void hear(NodeId node, Instant at) { tracker_.hear(node, at); }

  const ClusterView& view() const { return *view_; }  // as published last
  Phase phase() const { return phase_; }
  const std::string& hold_reason() const { return hold_reason_; }  // what a failover waits for; empty if nothing
  const health::Tracker& tracker() const { return tracker_; }
  const Timeline& timeline() const { return timeline_; }
  void set_wall_clock(WallTime wall, Instant now) {
    tracker_.set_wall_clock(wall, now);
    timeline_.set_wall_clock(wall, now);
  }
  void reconfigure(health::HealthOptions health, FailoverOptions failover);

 private:
  // A standby's replay while it is to settle: where it was seen, and since when it has not moved.
  struct Settling {
    Lsn replayed = {};
    Instant since = {};
  };
  // A planned switchover, until the candidate is told to promote.
  enum class SwitchStage { checkpointing, gathering, draining, closing, stopping, catching_up, restarting, asking };
  struct Switchover {
    RequestId request = 0;
    NodeId candidate = {};
    SwitchStage stage = SwitchStage::checkpointing;
    std::optional<StepId> step = {};
    Instant deadline = {};
    Instant next_count = {};
    std::string busy = "the gateway's own";  // which transactions are still open: later, how many
    Lsn target = {};         // what the candidate must have
    bool is_complete = false; // the candidate has replayed everything; it is to stop receiving
    bool is_stopped = false; // the old primary, by its agent: no longer expected to answer
  };

  // coordinator.cpp: events, what is published and kept
  void handle(const health::ProbeAnswered& event);
  void handle(const SqlDone& event);
  void handle(const CommandDone& event);
  void handle(const AgentDone& event);
  void handle(const AttachRequest& event);
  void handle(const DetachRequest& event);
  void handle(const PromoteRequest& event);
  void handle(const FateRequest& event) { fates_.on(event, now_); }
  void handle(const PatroniAnswered& event);
  void handle(const PatroniSwitched& event);
  void handle(const CouncilSeen& event);
  void handle(const ViewTaken& event) { views_.on(event); }
  template <typename HealthEvent>
  void handle(const HealthEvent& event) {
    tracker_.on(event, now_, health_out_);
  }
  void run_health_actions();
  void on_condition_changed(const health::ConditionChanged& change);
  void advance();
  void set_phase(Phase to, std::string_view reason);
  void tell_phase(Phase to, std::string_view reason);
  void answer(RequestId request, Result<void> result);
  void publish_if_changed();
  void keep_if_changed();
  bool wants_to_write() const;
  bool is_primary_trusted() const { return wants_to_write() && council_.has_declared(*known_.node); }
  bool is_switching() const;
  bool is_view_taken();
  bool are_workers_quiet() const { return !options_.are_views_told || views_.is_quiet(); }

  // coordinator_roles.cpp
  void judge_roles();
  void judge_claimant(NodeId id);
  void judge_fences();
  Agents::Situation situation() const;
  void advance_agents();
  void await_former_primaries();
  bool has_claimants() const;
  bool is_promoted_elsewhere() const;
  void adopt(NodeId id, std::string_view why);
  bool adopt_successor();
  void yield_office(const DetachRequest& event);
  bool take_stale_primary(const health::NodeFacts& node);

  // coordinator_failover.cpp: the phases of an unplanned failover
  void advance_starting();
  void complain_of_stale_primary();
  void advance_steady();
  void advance_suspect();
  void advance_confirming();
  void advance_freezing();
  void advance_promoting();
  void advance_commanding();
  void advance_searching();
  void advance_holding();
  GuardOptions guard_options() const;
  void ping_primary();
  void let_go_of_standbys();
  void start_freezing();
  void hold(std::string reason);
  void return_to_primary(std::string_view why);
  void keep_following();
  void calm_follower(NodeId id);
  void mend_follower(const health::NodeFacts& node);
  bool is_settled(const health::NodeFacts& node) const;
  bool is_freezable(const health::NodeFacts& node) const;
  void run_failover_command(NodeId subject);

  // coordinator_switchover.cpp
  void start_switchover(const PromoteRequest& request);
  std::optional<std::string> object_to_switchover(NodeId candidate) const;
  void advance_switching();
  void prepare_switchover();
  void count_busy();
  void prepare_while_closing();
  bool are_others_settled();
  void catch_up();
  void take_switch_step(const SqlDone& done);
  void close_old_primary();
  void await_position(Lsn target);
  void take_agent_step(const AgentDone& done);
  void await_old_primary();
  void give_up_switchover(std::string reason);

  // coordinator_peers.cpp: those with whom it is agreed who is primary
  void watch_peers();
  bool have_peers_spoken() const;
  std::string why_no_writes() const;
  bool is_permitted() const { return why_no_writes().empty(); }
  void shape(health::RolePolicy& policy) const;
  void keep_lock();
  Stance stance() const;
  void tell_council();
  void take_kept_office();
  void take_office_back();
  std::optional<NodeId> prefer_claimed(const std::vector<Candidate>& candidates) const;
  bool is_claimed();
  void gather();
  std::optional<std::string> object_to_asking(NodeId candidate) const;
  void ask_patroni();
  void await_patroni();

  const health::NodeFacts* primary() const { return known_.node ? tracker_.find(*known_.node) : nullptr; }
  bool is_primary_back() const { return known_.node && verdict_.primary == known_.node && !is_left_for_disk(); }
  bool is_left_for_disk() const { return options_.failover_on_hung_disk && options_.mode == FailoverMode::native && disk_.is_hung(); }
  StepId send(NodeId node, SqlStep step, std::vector<std::string> statements, Duration limit);
  void wake_at(Instant at);
  void watch_standbys(Duration period);

  FailoverOptions options_;
  Duration crash_restart_grace_;
  Log& log_;
  health::Tracker tracker_;
  StepDesk desk_;
  Sources sources_;
  CommandQueue commands_;
  Fences fences_;
  Agents agents_;
  DiskWatch disk_;
  CommitFates fates_;
  SynchronousNames synchronous_;
  Timeline timeline_;
  ViewTaking views_;
  PatroniWord patroni_;
  std::optional<Duration> patroni_period_;
  Council council_;
  std::optional<Instant> idle_claim_since_;  // of somebody else's claim that nobody carries out

  Phase phase_ = Phase::starting;
  Instant phase_since_{};
  std::string hold_reason_;
  Epoch epoch_{};
  health::KnownPrimary known_;
  health::RoleVerdict verdict_;
  std::optional<Plan> plan_;
  std::optional<Switchover> switchover_;
  std::optional<StepId> promote_step_;
  Instant next_promote_{};
  Instant next_complaint_{};
  std::map<NodeId, Settling> settling_;
  std::map<NodeId, Instant> lost_since_;  // standbys that answer but do not stream
  std::map<NodeId, Instant> claimed_since_;  // nodes that are primary beside the known one
  std::vector<NodeId> former_;  // were primary, and have not been seen as standbys since

  ClusterViewPtr view_ = std::make_shared<const ClusterView>();  // shared: the published one is this one
  KeptState kept_;
  std::optional<Instant> started_at_;
  std::optional<Instant> wake_;

  // Valid during on() only.
  Instant now_{};
  Actions<Action>* out_ = nullptr;
  Actions<health::HealthAction> health_out_;
};

}  // namespace howdah::failover
