// A planned switchover by SQL only, so that nothing acknowledged is lost and no client sees an error: hold new
// transactions, wait for the running ones, close the old primary, let the candidate have everything, promote it. Until
// the candidate is told to promote everything can be undone, and is when a limit is reached. Where the old primary has an
// agent it is stopped, and made a standby afterwards; else it stays read-only and out of use. Where Patroni
// promotes, it is asked once no transaction is open, and does the rest (coordinator_peers.cpp).
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "failover/coordinator.hpp"
#include "failover/election.hpp"
#include "failover/statements.hpp"

namespace howdah::failover {

using health::NodeCondition;
using health::NodeFacts;

namespace {

constexpr Duration kFirstCheckpointLimit = 60s;  // before anybody waits; only shortens the promotion
constexpr Duration kFirstCount = 30ms;      // where workers do not tell that they have seen that new transactions must wait
constexpr Duration kCountAgain = 20ms;
constexpr Duration kSwitchoverPeriod = 10ms;

}  // namespace

std::optional<std::string> Coordinator::object_to_switchover(NodeId candidate) const {
  const NodeFacts* node = tracker_.find(candidate);
  if (node == nullptr) return "there is no such node";
  if (options_.asks_patroni) {
    if (auto objection = object_to_asking(candidate)) return objection;
  } else if (options_.mode != FailoverMode::native) {
    return "a planned switchover needs failover_mode = native, or patroni with patroni_urls";
  }
  if (known_.node == candidate) return "the node is the primary already";
  if (phase_ != Phase::steady) return fmt::format("the cluster is not steady but {}", row_of(phase_).name);
  if (!node->is_usable() || !node->answers || !node->last->in_recovery) return "the node is not a usable standby";
  if (node->last->receiver_status != "streaming" || node->last->received_timeline != known_.timeline)
    return "the node does not stream from the primary";
  if (!node->options.may_fail_over) return "the node is marked DISALLOW_TO_FAILOVER";
  if (has_claimants()) return "there is a second primary";
  if (!primary()->options.may_fail_over) return "the primary is marked DISALLOW_TO_FAILOVER";
  if (disk_.is_hung()) return "the disk of the primary hangs";  // it could be closed no more than written to
  return std::nullopt;
}

void Coordinator::start_switchover(const PromoteRequest& request) {
  if (auto objection = object_to_switchover(request.node))
    return answer(request.request, Error{ErrorCode::command_failed, std::move(*objection)});
  log_.info("switchover begins old={} new={}", known_.node->value, request.node.value);
  switchover_ = Switchover{.request = request.request, .candidate = request.node};
  switchover_->step = send(*known_.node, SqlStep::checkpoint, sql_checkpoint(), kFirstCheckpointLimit);
  set_phase(Phase::switching, "operator");
  prepare_switchover();
}

// What would take its time while clients wait is done before that.
void Coordinator::prepare_switchover() {
  if (options_.asks_patroni) return;
  for (const NodeFacts& node : tracker_.nodes())
    if (is_freezable(node)) sources_.want_known(node.options.id);
  if (agents_.answers(*known_.node)) return;
  fences_.note_closed(*known_.node, false);
  keep_if_changed();
}

void Coordinator::take_switch_step(const SqlDone& done) {
  Switchover& plan = *switchover_;
  plan.step.reset();
  switch (plan.stage) {
    case SwitchStage::checkpointing:
      if (!done.is_ok) log_.warn("step failed node={} step=checkpoint error=\"{}\"", done.node.value, done.error);
      plan.stage = SwitchStage::gathering;
      plan.deadline = now_ + options_.switchover_timeout;
      timeline_.note("hold", "new transactions wait", now_);
      return;
    case SwitchStage::gathering:
      return;
    case SwitchStage::draining:
      if (!done.is_ok || done.rows.empty() || done.rows[0].empty())
        return give_up_switchover("transactions cannot be counted: " + done.error);
      plan.busy = done.rows[0][0];
      plan.next_count = now_ + kCountAgain;
      if (plan.busy != "0") return;
      timeline_.note("drained", "no transaction is open", now_);
      if (options_.asks_patroni) return ask_patroni();
      close_old_primary();
      return;
    case SwitchStage::closing: {
      const auto position = done.is_ok && !done.rows.empty() && !done.rows.back().empty()
                                ? parse_lsn(done.rows.back()[0])
                                : std::nullopt;
      if (!position) return give_up_switchover("the old primary cannot be closed: " + done.error);
      await_position(*position);
      return;
    }
    case SwitchStage::stopping:
    case SwitchStage::catching_up:
    case SwitchStage::asking:
    case SwitchStage::restarting:
      return;
  }
}

// A server that is stopped in order sends everything, its last checkpoint too, to the standbys, and may become one itself.
// Without an agent it goes on, read-only.
void Coordinator::close_old_primary() {
  Switchover& plan = *switchover_;
  if (agents_.answers(*known_.node)) {
    plan.stage = SwitchStage::stopping;
    plan.is_stopped = true;
    plan.deadline = now_ + options_.agent_stop_timeout + options_.switchover_timeout;
    plan.step = agents_.stop(*known_.node, situation(), options_.agent_stop_timeout, now_, *out_);
    return;
  }
  plan.stage = SwitchStage::closing;
  fences_.note_closed(*known_.node, false);  // known already, if its agent has not fallen silent meanwhile
  keep_if_changed();
  plan.step = send(*known_.node, SqlStep::close, sql_close(), options_.sql_timeout);
  settling_.clear();
  watch_standbys(kSwitchoverPeriod);
}

void Coordinator::await_position(Lsn target) {
  switchover_->target = target;
  switchover_->stage = SwitchStage::catching_up;
  timeline_.note("closed", fmt::format("position={}", to_text(target)), now_);
}

void Coordinator::take_agent_step(const AgentDone& done) {
  Switchover& plan = *switchover_;
  plan.step.reset();
  if (plan.stage == SwitchStage::restarting) return;  // whether it is back is told by its answers
  const agent::ServerFacts& server = done.report.server;
  if (!done.report.is_ok() || server.state != agent::ServerState::stopped || !server.is_clean)
    return give_up_switchover("the old primary cannot be stopped: " +
                              (done.report.is_ok() ? "it was not shut down in order" : done.report.error));
  agents_.note_stopped(*known_.node, server.checkpoint);
  await_position(Lsn{server.checkpoint.value + 1});  // the record that begins there
  plan.deadline = now_ + options_.switchover_timeout;
  settling_.clear();
  watch_standbys(kSwitchoverPeriod);
}

void Coordinator::advance_switching() {
  if (!switchover_) return;
  if (switchover_->stage == SwitchStage::asking) return await_patroni();
  if (switchover_->stage == SwitchStage::restarting) return await_old_primary();
  const NodeFacts& old = *primary();
  if (!old.is_usable() && !switchover_->is_stopped) {
    answer(switchover_->request, Error{ErrorCode::command_failed, "the primary failed meanwhile: " + old.reason});
    switchover_.reset();
    return set_phase(Phase::suspect, "the primary failed during the switchover");
  }
  if (!tracker_.find(switchover_->candidate)->is_usable()) return give_up_switchover("the candidate failed meanwhile");
  switch (switchover_->stage) {
    case SwitchStage::checkpointing: return;
    case SwitchStage::gathering: return gather();
    case SwitchStage::draining: return count_busy();
    case SwitchStage::closing: return prepare_while_closing();
    case SwitchStage::stopping: return;
    case SwitchStage::catching_up: return catch_up();
    case SwitchStage::asking: return;
    case SwitchStage::restarting: return;
  }
}

// Every gateway holds new transactions before those that are open are counted.
void Coordinator::gather() {
  Switchover& plan = *switchover_;
  if (const auto objection = council_.object_to_switchover(*known_.node)) {
    if (now_ >= plan.deadline) return give_up_switchover(*objection);
    return wake_at(plan.deadline);
  }
  plan.stage = SwitchStage::draining;
  plan.next_count = options_.are_views_told ? now_ : now_ + kFirstCount;
  count_busy();
}

void Coordinator::count_busy() {
  Switchover& plan = *switchover_;
  if (now_ >= plan.deadline) return give_up_switchover(fmt::format("{} transactions did not end", plan.busy));
  wake_at(plan.deadline);
  if (plan.step) return;
  if (now_ < plan.next_count) return wake_at(plan.next_count);
  if (!view_->is_switching) return wake_at(now_ + kSwitchoverPeriod);  // not published yet
  if (!are_workers_quiet()) return;  // what they say next brings us here again
  plan.step = send(*known_.node, SqlStep::count_busy, sql_count_busy(), options_.sql_timeout);
}

// On other servers than the one that is being closed.
void Coordinator::prepare_while_closing() {
  synchronous_.prepare(*tracker_.find(switchover_->candidate), options_.synchronous, options_.sql_timeout, now_, *out_);
  are_others_settled();
}

// The others stop receiving first and the candidate last, so that nobody is ahead of it and all can follow. By then no
// transaction is open whose commit could wait for one of them.
bool Coordinator::are_others_settled() {
  bool is_each_settled = true;
  for (const NodeFacts& node : tracker_.nodes()) {
    if (node.options.id == switchover_->candidate || !is_freezable(node)) continue;
    sources_.want_frozen(node.options.id);
    is_each_settled = is_each_settled && is_settled(node);
  }
  return is_each_settled;
}

void Coordinator::catch_up() {
  Switchover& plan = *switchover_;
  if (now_ >= plan.deadline) return give_up_switchover("the candidate did not catch up");
  wake_at(plan.deadline);
  const bool is_candidate_next = are_others_settled();
  Lsn needed = plan.target;
  for (const NodeFacts& node : tracker_.nodes())
    if (node.options.id != plan.candidate && is_freezable(node)) needed = std::max(needed, node.position);
  const NodeFacts& candidate = *tracker_.find(plan.candidate);
  if (!is_candidate_next || candidate.last->replayed < needed) return;
  if (!std::exchange(plan.is_complete, true)) timeline_.note("caught_up", fmt::format("position={}", to_text(needed)), now_);
  sources_.want_frozen(plan.candidate);
  if (!is_settled(candidate)) return;

  plan_ = Plan{.epoch = Epoch{std::max(epoch_, council_.office() ? council_.office()->epoch : Epoch{}).value + 1},
               .old_primary = known_.node,
               .new_primary = plan.candidate,
               .old_timeline = known_.timeline,
               .highest_known = plan.target,
               .candidates = list_candidates(tracker_.nodes(), known_),
               .reason = "planned switchover",
               .is_switchover = true};
  log_.info("failover plan {}", to_text(*plan_));
  timeline_.note("plan", to_text(*plan_), now_);
  timeline_.note("chosen", fmt::format("node={} why=\"an operator's order\"", plan_->new_primary.value), now_);
  known_.is_given_up = true;
  known_.successor = plan_->new_primary;
  next_promote_ = now_;
  set_phase(Phase::promoting, "the candidate has everything");
}

void Coordinator::give_up_switchover(std::string reason) {
  log_.warn("switchover given up reason=\"{}\"", reason);
  answer(switchover_->request, Error{ErrorCode::command_failed, "the switchover was given up: " + reason, {},
                                     "The old primary stays in office."});
  if (!switchover_->is_stopped) {
    switchover_.reset();
    return return_to_primary("switchover given up");
  }
  switchover_->stage = SwitchStage::restarting;
  switchover_->deadline = now_ + options_.agent_stop_timeout;
  switchover_->step = agents_.start(*known_.node, situation(), options_.agent_stop_timeout, now_, *out_);
}

// Given up after the old primary was stopped: clients wait until it is back. If it does not come it has failed.
void Coordinator::await_old_primary() {
  const bool is_over = now_ >= switchover_->deadline;
  tracker_.watch_closely(*known_.node, kCountAgain, now_);
  if (!is_over && (switchover_->step || !is_primary_back())) return wake_at(switchover_->deadline);
  switchover_.reset();
  if (is_primary_back()) return_to_primary("switchover given up");
  else set_phase(Phase::suspect, "the old primary was not started again");
}

}  // namespace howdah::failover
