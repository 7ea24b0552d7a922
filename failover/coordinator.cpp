#include "failover/coordinator.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "base/overloaded.hpp"
#include "failover/command_line.hpp"
#include "failover/compose_view.hpp"

namespace howdah::failover {

using health::NodeCondition;
using health::NodeFacts;

namespace {

// One event may end one phase and so begin and end the next; more turns than phases would be a circle.
constexpr int kMostTurns = static_cast<int>(kPhases);

std::vector<health::NodeOptions> options_of(const std::vector<NodeFacts>& nodes) {
  std::vector<health::NodeOptions> options;
  for (const NodeFacts& node : nodes) options.push_back(node.options);
  return options;
}

Error refusal(std::string message, std::string hint = {}) {
  return Error{ErrorCode::command_failed, std::move(message), {}, std::move(hint)};
}

}  // namespace

Coordinator::Coordinator(health::HealthOptions health, FailoverOptions failover, Log& log)
    : options_(std::move(failover)),
      crash_restart_grace_(health.crash_restart_grace),
      log_(log),
      tracker_(std::move(health), log),
      sources_(desk_, log),
      commands_(desk_, log),
      fences_(desk_, log),
      agents_(desk_, log),
      disk_(desk_, log),
      fates_(desk_, log),
      synchronous_(desk_, log),
      views_(log),
      patroni_(log),
      council_(log) {
  council_.reconfigure(options_.council);
}

void Coordinator::restore(const KeptState& state, Instant now) {
  epoch_ = state.epoch;
  known_ = {state.primary, state.timeline, state.system_identifier, true, {}, state.outcasts};
  if (known_.node && tracker_.find(*known_.node) == nullptr) known_.node.reset();
  fences_.restore(state.closed);
  synchronous_.restore(state.synchronous);
  former_ = state.former;
  for (const NodeId id : state.down) tracker_.restore(id, NodeCondition::down, now);
  for (const NodeId id : state.detached) tracker_.restore(id, NodeCondition::detached, now);
}

void Coordinator::reconfigure(health::HealthOptions health, FailoverOptions failover) {
  crash_restart_grace_ = health.crash_restart_grace;
  tracker_.reconfigure(std::move(health));
  options_ = std::move(failover);
  council_.reconfigure(options_.council);
}

void Coordinator::on(const Event& event, Instant now, Actions<Action>& out) {
  now_ = now;
  out_ = &out;
  wake_.reset();
  if (!started_at_) started_at_ = phase_since_ = now;
  std::visit([this](const auto& e) { handle(e); }, event);
  run_health_actions();
  const bool has_primary = known_.node && !known_.is_given_up && primary()->is_usable();
  tracker_.set_primary_timeline(has_primary ? std::optional(known_.timeline) : std::nullopt);
  council_.begin_turn(now);
  for (int turn = 0; turn < kMostTurns; ++turn) {
    const Phase before = phase_;
    judge_roles();
    advance();
    run_health_actions();
    if (phase_ == before) break;
  }
  judge_fences();
  await_former_primaries();
  watch_peers();
  if (epoch_ != kept_.epoch) keep_if_changed();  // an epoch is on disk before anybody sees it
  publish_if_changed();
  if (!sources_.is_idle()) sources_.advance(options_of(tracker_.nodes()), options_.sql_timeout, now_, out);
  commands_.advance(options_.command_timeout, now_, out);
  fences_.advance(options_.sql_timeout, now_, out);
  advance_agents();
  const bool is_serving = primary() != nullptr && !known_.is_given_up && primary()->is_usable();
  disk_.advance(is_serving || is_left_for_disk() ? primary() : nullptr, options_.hung_disk_timeout, now_, out);
  if (primary() != nullptr) fates_.see(*primary());
  fates_.advance(view_->primary, primary() ? primary()->last_asked_at : Instant{}, epoch_, options_.sql_timeout, now_, out);
  tell_council();     // after the view: who is told that nothing is written may rely on it
  keep_if_changed();  // the rest may be a moment late: clients wait for the view, not for the disk
  out_ = nullptr;
}

void Coordinator::advance() {
  switch (phase_) {
    case Phase::starting: return advance_starting();
    case Phase::steady: return advance_steady();
    case Phase::suspect: return advance_suspect();
    case Phase::confirming: return advance_confirming();
    case Phase::freezing: return advance_freezing();
    case Phase::promoting: return advance_promoting();
    case Phase::following: return advance_steady();
    case Phase::commanding: return advance_commanding();
    case Phase::searching: return advance_searching();
    case Phase::switching: return advance_switching();
    case Phase::holding: return advance_holding();
  }
}

void Coordinator::handle(const health::ProbeAnswered& event) {
  tracker_.on(event, now_, health_out_);
  Settling& settling = settling_[event.node];
  if (settling.replayed == event.result.replayed && settling.since != Instant{}) return;
  settling = {event.result.replayed, event.asked_at};
}

void Coordinator::handle(const SqlDone& event) {
  if (sources_.on(event, now_) || fences_.on(event, now_) || fates_.on(event) ||
      synchronous_.on(event, now_) || agents_.on(event, now_) || disk_.on(event, now_))
    return;
  if (promote_step_ == event.id) {
    promote_step_.reset();
    fates_.note_fork(event);
    // 55000: recovery is not in progress, so it has happened.
    if (!event.is_ok && event.sqlstate != "55000")
      log_.warn("step failed node={} step=promote sqlstate={} error=\"{}\"", event.node.value, event.sqlstate,
                event.error);
  } else if (switchover_ && switchover_->step == event.id) {
    take_switch_step(event);
  }
}

void Coordinator::handle(const CommandDone& event) { commands_.on(event); }

void Coordinator::handle(const AgentDone& event) {
  if (!agents_.on(event, now_) && switchover_ && switchover_->step == event.id) take_agent_step(event);
}

void Coordinator::handle(const AttachRequest& event) {
  const NodeFacts* node = tracker_.find(event.node);
  if (node == nullptr) return answer(event.request, refusal("there is no such node"));
  // The operator's decision between two primaries, once the known one is gone.
  if (known_.is_given_up || !known_.node || !primary()->answers) std::erase(known_.outcasts, event.node);
  if (node->condition == NodeCondition::fenced && known_.node && primary()->answers)
    return answer(event.request, refusal("the node must not be used: " + node->reason));
  if (node->condition == NodeCondition::fenced && take_stale_primary(*node)) return answer(event.request, {});
  tracker_.on(health::OperatorAttach{event.node}, now_, health_out_);
  answer(event.request, {});
}

void Coordinator::handle(const DetachRequest& event) {
  if (tracker_.find(event.node) == nullptr) return answer(event.request, refusal("there is no such node"));
  if (known_.node == event.node && verdict_.is_contested) return yield_office(event);
  if (known_.node == event.node && !known_.is_given_up)
    return answer(event.request, refusal("the node is the primary and cannot be detached",
                                         "Promote another node first: pcp_promote_node --switchover."));
  tracker_.on(health::OperatorDetach{event.node}, now_, health_out_);
  answer(event.request, {});
}

void Coordinator::handle(const PromoteRequest& event) {
  if (!event.is_switchover)
    return answer(event.request, refusal("a node is promoted only by a planned switchover",
                                         "Use pcp_promote_node --switchover."));
  start_switchover(event);
}

void Coordinator::answer(RequestId request, Result<void> result) { out_->push(Answer{request, std::move(result)}); }

void Coordinator::run_health_actions() {
  while (!health_out_.empty()) {
    Actions<health::HealthAction> taken;
    std::swap(taken, health_out_);
    for (const health::HealthAction& action : taken)
      std::visit(Overloaded{[this](const Probe& probe) { out_->push(probe); },
                            [this](const health::ConditionChanged& change) { on_condition_changed(change); }},
                 action);
  }
}

void Coordinator::on_condition_changed(const health::ConditionChanged& change) {
  using enum NodeCondition;
  if (options_.mode != FailoverMode::command || known_.node == change.node || !council_.may_steer()) return;
  const bool was_used = change.from != unknown && change.from != down && change.from != fenced && change.from != detached;
  if (was_used && (change.to == down || change.to == detached)) run_failover_command(change.node);
  if (change.to == waiting && (change.from == down || change.from == detached)) {
    const NodeFacts* node = tracker_.find(change.node);
    const NodeFacts* current = primary();
    const CommandNodes nodes{&node->options, current ? &current->options : nullptr, nullptr,
                             current ? &current->options : nullptr};
    commands_.push(CommandKind::failback, change.node, expand_command(options_.failback_command, nodes));
  }
}

void Coordinator::set_phase(Phase to, std::string_view reason) {
  if (phase_ == to) return;
  HOWDAH_ASSERT(is_legal(phase_, to));
  const bool is_calm = to == Phase::steady || to == Phase::following || to == Phase::switching;
  log_.log(is_calm ? LogLevel::info : LogLevel::warn, "failover phase changed from={} to={} reason=\"{}\"",
           row_of(phase_).name, row_of(to).name, reason);
  tell_phase(to, reason);
  phase_ = to;
  phase_since_ = now_;
  next_complaint_ = now_;
  if (to == Phase::promoting) fates_.begin_promotion();
  if (to == Phase::steady)
    for (const NodeFacts& node : tracker_.nodes()) tracker_.watch_normally(node.options.id);
}

// A primary that was only suspected, or looked for at the start, is no failover.
void Coordinator::tell_phase(Phase to, std::string_view reason) {
  if (to != Phase::steady) timeline_.begin(known_.node, now_);
  timeline_.note(row_of(to).name, reason, now_);
  if (to == Phase::steady) timeline_.end(phase_ != Phase::suspect && phase_ != Phase::starting);
}

bool Coordinator::wants_to_write() const {
  const NodeFacts* node = primary();
  if (node == nullptr || verdict_.is_contested || !is_permitted()) return false;
  const bool is_being_opened = phase_ != Phase::switching && council_.may_steer() && fences_.is_closed(*known_.node);
  if (is_being_opened) return false;
  switch (phase_) {
    case Phase::steady:
    case Phase::following: return node->is_usable();
    // Slow is not dead: until its retries are used up, statements go on. Refusing is as good as dead: they wait.
    case Phase::suspect:
      return node->condition == NodeCondition::suspect &&
             (node->failure == health::FailureKind::timeout || node->failure == health::FailureKind::other);
    case Phase::switching: return switchover_ && switchover_->stage <= SwitchStage::draining;
    default: return false;
  }
}

bool Coordinator::is_switching() const {
  if (council_.is_draining_for_other(known_.node)) return true;
  switch (phase_) {
    case Phase::confirming:
    case Phase::freezing:
    case Phase::promoting:
    case Phase::commanding:
    case Phase::holding: return true;
    case Phase::switching: return switchover_ && switchover_->stage != SwitchStage::checkpointing;
    default: return false;
  }
}

void Coordinator::publish_if_changed() {
  std::string contest = verdict_.is_contested ? verdict_.alarm : std::string{};
  if (contest.empty() && known_.node && primary()->is_usable()) contest = why_no_writes();
  const bool is_held = is_switching() || council_.is_declared_holding();
  ClusterView view = compose_view(tracker_.nodes(), {epoch_, known_, is_primary_trusted(), is_held, std::move(contest)});
  if (view_->version != 0 && is_same(view, *view_)) return;
  view.version = view_->version + 1;
  views_.note_published(*view_, view, now_);
  view_ = std::make_shared<const ClusterView>(std::move(view));
  out_->push(Publish{view_});
}

// The workers act by what was published. A step that waits for it is tried again when they say so.
bool Coordinator::is_view_taken() {
  if (!options_.are_views_told || views_.is_taken(now_)) return true;
  wake_at(views_.deadline());
  return false;
}

void Coordinator::keep_if_changed() {
  KeptState state{.epoch = epoch_,
                  .primary = known_.node,
                  .timeline = known_.timeline,
                  .system_identifier = known_.system_identifier,
                  .synchronous = synchronous_.wish(),
                  .closed = fences_.closed(),
                  .former = former_,
                  .outcasts = known_.outcasts};
  for (const NodeFacts& node : tracker_.nodes()) {
    const bool is_out = node.condition == NodeCondition::down || node.condition == NodeCondition::detached;
    state.nodes.push_back(node.options.id);
    if (is_out) state.down.push_back(node.options.id);
    if (node.condition == NodeCondition::detached) state.detached.push_back(node.options.id);
  }
  if (state == kept_) return;
  kept_ = state;
  out_->push(Persist{std::move(state)});
}

void Coordinator::run_failover_command(NodeId subject) {
  const NodeFacts* node = tracker_.find(subject);
  const NodeFacts* new_main = nullptr;
  const NodeFacts* old_main = nullptr;
  for (const NodeFacts& other : tracker_.nodes()) {
    const bool is_alive = other.is_usable() && other.options.id != subject;
    if (is_alive && new_main == nullptr) new_main = &other;
    if ((is_alive || other.options.id == subject) && old_main == nullptr) old_main = &other;
  }
  const NodeFacts* current = primary();
  const CommandNodes nodes{&node->options, new_main ? &new_main->options : nullptr,
                           old_main ? &old_main->options : nullptr, current ? &current->options : nullptr};
  commands_.push(CommandKind::failover, subject, expand_command(options_.failover_command, nodes));
}

StepId Coordinator::send(NodeId node, SqlStep step, std::vector<std::string> statements, Duration limit) {
  return desk_.send(node, step, std::move(statements), limit, now_, *out_);
}

void Coordinator::wake_at(Instant at) {
  if (!wake_ || at < *wake_) wake_ = at;
}

void Coordinator::watch_standbys(Duration period) {
  for (const NodeFacts& node : tracker_.nodes())
    if (known_.node != node.options.id && node.condition != NodeCondition::detached)
      tracker_.watch_closely(node.options.id, period, now_);
}

std::optional<Instant> Coordinator::next_deadline() const {
  std::optional<Instant> next = tracker_.next_deadline();
  for (const std::optional<Instant>& other : {wake_, sources_.next_deadline(), fences_.next_deadline(), fates_.next_deadline(),
                                               agents_.next_deadline(), council_.next_deadline()})
    if (other && (!next || *other < *next)) next = other;
  return next;
}

}  // namespace howdah::failover
