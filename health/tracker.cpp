#include "health/tracker.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "health/declared_roles.hpp"
#include "health/failure_kind.hpp"

namespace howdah::health {

namespace {

using enum NodeCondition;

// A node that is down is knocked at again and again: the system itself would try a lost packet again after 1 s, then 2 s.
constexpr Duration kAwaitedConnect = 80ms;
constexpr int kAwaitedRoundTrips = 4;  // to a far node longer, by the quickest answer it ever gave
// Clients' errors come in swarms; each swarm is worth one question.
constexpr Duration kLeastBetweenConfirmations = 100ms;
// New connections that break, in a row, before that counts as a failure; a dying server's last ones break within milliseconds.
constexpr int kMostUnclear = 8;
constexpr Duration kFirstAfterBroken = 5ms;  // doubles, up to kLeastBetweenConfirmations
// Good answers in a row before a node that was down is used again.
constexpr int kSuccessesToReturn = 2;

Duration after_broken(int in_a_row) {
  return in_a_row == 0 ? kLeastBetweenConfirmations : std::min(kLeastBetweenConfirmations, kFirstAfterBroken * (1 << (in_a_row - 1)));
}
bool is_out_of_use(NodeCondition condition) {
  return condition == down || condition == fenced || condition == detached;
}
std::string describe(const ProbeFailed& event) {
  return event.text.empty() ? to_text(event.kind) : fmt::format("{}: {}", to_text(event.kind), event.text);
}

}  // namespace

Tracker::Tracker(HealthOptions options, Log& log) : options_(std::move(options)), log_(log) {
  for (const NodeOptions& node : options_.nodes) nodes_.push_back(NodeFacts{.options = node, .reason = "not asked yet"});
  schedules_.resize(nodes_.size());
}

void Tracker::on(const HealthEvent& event, Instant now, Actions<HealthAction>& out) {
  std::visit([&](const auto& e) { on_event(e, now, out); }, event);
}

void Tracker::on_event(const ProbeAnswered& event, Instant now, Actions<HealthAction>& out) {
  NodeFacts* node = find_mutable(event.node);
  if (node == nullptr) return;
  Schedule& schedule = schedule_of(*node);
  hear(node->options.id, now);
  schedule.end_silence();
  if (event.is_knock) {  // the other question is still under way
    learn(*node, event, now);
    return judge_answer(*node, now, out);
  }
  const bool was_asked = schedule.in_flight_since.has_value();
  schedule.in_flight_since.reset();
  schedule.is_asked_by_traffic = schedule.is_asked_by_traffic && schedule.is_fresh_wanted;
  learn(*node, event, now);
  const Duration took = now - event.asked_at;
  count_answer(*node, took, now);
  schedule.quickest_answer = schedule.quickest_answer == Duration{} ? took : std::min(schedule.quickest_answer, took);
  judge_answer(*node, now, out);
  if (was_asked) plan_next(*node, now);
}

void Tracker::learn(NodeFacts& node, const ProbeAnswered& event, Instant now) {
  if (node.last && event.asked_at < node.last_asked_at) return;  // of two questions at a time the older one
  const ProbeResult& result = event.result;
  const TimelineId reported = std::max(result.timeline, result.received_timeline);
  // A standby's control file tells its timeline late; what it once streamed it keeps while it runs without a break. After
  // a break it may have been rebuilt from another history.
  const bool is_same_run = node.answers && !schedule_of(node).is_run_broken && node.last->in_recovery;
  schedule_of(node).is_run_broken = false;
  node.timeline = is_same_run && result.in_recovery ? std::max(node.timeline, reported) : reported;
  node.position = result.position();
  node.last = result;
  node.last_asked_at = event.asked_at;
  node.last_answered_at = now;
  node.answers = true;
  node.failure.reset();
  node.failures = 0;
  ++node.successes;
  ++node.outcomes;
}

void Tracker::judge_answer(NodeFacts& node, Instant now, Actions<HealthAction>& out) {
  switch (node.condition) {
    case unknown:
    case suspect:
    case restarting:
      make_usable(node, "", now, out);
      break;
    case down:
      if (may_return(node, now)) make_usable(node, "auto_failback", now, out);
      break;
    case waiting:
    case up:
    case fenced:
    case detached:
      break;
  }
}

bool Tracker::may_return(const NodeFacts& node, Instant now) const {
  if (!options_.auto_failback || node.successes < kSuccessesToReturn || !node.last->in_recovery) return false;
  const bool is_streaming = node.last->receiver_status == "streaming" && node.last->received_timeline == primary_timeline_;
  if (primary_timeline_ && !is_streaming) return false;
  const auto& returned_at = schedule_of(node).returned_at;
  return !returned_at || now - *returned_at >= options_.auto_failback_interval;
}

void Tracker::on_event(const ProbeFailed& event, Instant now, Actions<HealthAction>& out) {
  NodeFacts* node = find_mutable(event.node);
  if (node == nullptr) return;
  if (event.is_knock) return take_knock_failure(*node, event, now, out);
  if (const auto declared = declared_answer(*node, event, options_)) {
    if (!node->last) log_.warn("node cannot be asked, its role is as declared node={} role={} reason=\"{}\"", event.node.value,
                               declared->result.in_recovery ? "standby" : "primary", describe(event));
    return on_event(*declared, now, out);
  }
  Schedule& schedule = schedule_of(*node);
  const bool was_fresh = schedule.is_in_flight_fresh && schedule.in_flight_since.has_value();
  schedule.in_flight_since.reset();
  if (event.kind == FailureKind::timeout && node->heard_at > event.asked_at) {  // perhaps only this connection is stuck
    judge_silence(*node, now, out);
    return plan_next(*node, now);
  }
  if (event.kind != FailureKind::timeout) schedule.end_silence();
  schedule.is_run_broken = true;
  if (event.kind == FailureKind::lost && !was_fresh) {  // the kept connection broke: ask whether new ones are accepted
    schedule.is_fresh_wanted = true;
    schedule.is_asked_by_traffic = true;
    ask(*node, now, out);
    return;
  }
  const bool is_confirmation = schedule.is_asked_by_traffic && was_fresh;
  // A new connection that broke may have met a server going down or restarting: ask again for a clear word.
  const bool is_broken = was_fresh && event.kind == FailureKind::lost;
  schedule.unclear = is_broken ? schedule.unclear + 1 : 0;
  const bool is_unclear = is_broken && schedule.unclear <= kMostUnclear;
  schedule.is_asked_by_traffic = schedule.is_asked_by_traffic && (!was_fresh || is_unclear);
  schedule.is_fresh_wanted = schedule.is_fresh_wanted || is_unclear;
  node->answers = false;
  node->failure = event.kind;
  node->last_failed_at = event.asked_at;
  node->last_failure_at = now;
  node->successes = 0;
  ++node->outcomes;
  if (is_alive_but_closed(event.kind)) judge_closed(*node, event, now, out);
  else if (is_restarting(event.kind)) judge_restarting(*node, event, is_confirmation, now, out);
  else if (is_unclear) judge_unclear(*node, event, now, out);
  else judge_dead_or_not(*node, event, is_confirmation, now, out);
  judge_silence(*node, now, out);
  plan_next(*node, now);
}

// The server answers, only not what was asked: alive, but its facts grow old.
void Tracker::judge_closed(NodeFacts& node, const ProbeFailed& event, Instant now, Actions<HealthAction>& out) {
  node.failures = 0;
  if (node.reason != describe(event)) log_.warn("node alive but closed to probes node={} reason=\"{}\"",
                                                node.options.id.value, describe(event));
  if (node.condition == suspect || node.condition == restarting) make_usable(node, describe(event), now, out);
  node.reason = describe(event);
}

// Waited for without limit here; how long a primary may take is the coordinator's to judge.
void Tracker::judge_restarting(NodeFacts& node, const ProbeFailed& event, bool is_confirmation, Instant now,
                               Actions<HealthAction>& out) {
  node.failures = 0;
  const bool is_leaving = is_confirmation && event.kind == FailureKind::shutting_down && node.options.may_fail_over &&
                          options_.failover_on_backend_shutdown;
  if (is_leaving && !is_out_of_use(node.condition)) return set_condition(node, down, describe(event), now, out);
  if (!is_out_of_use(node.condition) && node.condition != restarting)
    set_condition(node, restarting, describe(event), now, out);
}

void Tracker::judge_unclear(NodeFacts& node, const ProbeFailed& event, Instant now, Actions<HealthAction>& out) {
  if (node.is_usable()) set_condition(node, suspect, describe(event), now, out);
}

void Tracker::judge_dead_or_not(NodeFacts& node, const ProbeFailed& event, bool is_confirmation, Instant now,
                                Actions<HealthAction>& out) {
  ++node.failures;
  count_failure(node, now - event.asked_at, now);
  if (node.condition == fenced) return set_condition(node, down, describe(event), now, out);
  if (is_out_of_use(node.condition)) return;
  if (node.condition == unknown) return set_condition(node, down, describe(event), now, out);

  const bool is_proven = is_confirmation && event.kind == FailureKind::refused && options_.failover_on_backend_error;
  const bool is_judged_by_time = node.options.is_silence_final && event.kind == FailureKind::timeout;
  const bool is_used_up = node.options.check_period > Duration{} && node.failures > node.options.max_retries && !is_judged_by_time;
  if (node.options.may_fail_over && (is_proven || is_used_up)) {
    set_condition(node, down, fmt::format("{} (attempts {})", describe(event), node.failures), now, out);
  } else if (node.condition != suspect) {
    set_condition(node, suspect, describe(event), now, out);
  }
}

void Tracker::on_event(const TrafficFailed& event, Instant now, Actions<HealthAction>& out) {
  NodeFacts* node = find_mutable(event.node);
  if (node == nullptr || is_alive_but_closed(event.kind)) return;
  Schedule& schedule = schedule_of(*node);
  schedule.is_fresh_wanted = true;
  schedule.is_asked_by_traffic = true;
  if (schedule.in_flight_since) return;  // asked as soon as that is answered
  const Instant earliest = node->last_asked_at + kLeastBetweenConfirmations;
  if (node->answers && now < earliest) schedule.next_probe = std::min(schedule.next_probe, earliest);
  else ask(*node, now, out);
}

void Tracker::on_event(const TrafficSeen& event, Instant now, Actions<HealthAction>& out) {
  NodeFacts* node = find_mutable(event.node);
  if (node != nullptr && node->condition == waiting) set_condition(*node, up, "", now, out);
}

void Tracker::on_event(const PositionWanted& event, Instant now, Actions<HealthAction>& out) {
  NodeFacts* node = find_mutable(event.node);
  if (node == nullptr || !node->answers || schedule_of(*node).in_flight_since) return;  // who needs a newer one asks again
  const Instant earliest = node->last_asked_at + kLeastBetweenConfirmations;
  Instant& next = schedule_of(*node).next_probe;
  next = std::min(next, earliest);
  if (now >= next) ask(*node, now, out);
}

void Tracker::on_event(const OperatorAttach& event, Instant now, Actions<HealthAction>& out) {
  NodeFacts* node = find_mutable(event.node);
  if (node == nullptr || !is_out_of_use(node->condition) || node->condition == fenced) return;
  if (node->answers) return make_usable(*node, "attached by an operator", now, out);
  set_condition(*node, unknown, "attached, not answered yet", now, out);
  node->outcomes = 0;
  if (!schedule_of(*node).in_flight_since) ask(*node, now, out);
}

void Tracker::on_event(const OperatorDetach& event, Instant now, Actions<HealthAction>& out) {
  NodeFacts* node = find_mutable(event.node);
  if (node != nullptr && node->condition != detached)
    set_condition(*node, detached, "detached by an operator", now, out);
}

void Tracker::on_event(const Tick&, Instant now, Actions<HealthAction>& out) {
  for (NodeFacts& node : nodes_) {
    Schedule& schedule = schedule_of(node);
    judge_silence(node, now, out);
    if (!schedule.in_flight_since && now >= schedule.next_probe) ask(node, now, out);
  }
}

void Tracker::make_usable(NodeFacts& node, std::string reason, Instant now, Actions<HealthAction>& out) {
  const Schedule& schedule = schedule_of(node);
  const bool is_blip = node.condition == suspect || node.condition == restarting;
  set_condition(node, is_blip && schedule.was_up ? up : waiting, std::move(reason), now, out);
}

void Tracker::set_condition(NodeFacts& node, NodeCondition to, std::string reason, Instant now,
                            Actions<HealthAction>& out) {
  const NodeCondition from = node.condition;
  HOWDAH_ASSERT(is_legal(from, to));
  const bool was_usable = node.is_usable();
  if (was_usable) schedule_of(node).was_up = from == up;
  node.condition = to;
  if (was_usable && !node.is_usable()) node.trouble_since = now;
  if (from == down && to == waiting) schedule_of(node).returned_at = now;
  node.changed_at = wall(now);
  ++changes_[static_cast<std::size_t>(to)];
  log_.log(to == suspect || to == down || to == fenced ? LogLevel::warn : LogLevel::info,
           "node changed node={} from={} to={} reason=\"{}\"", node.options.id.value, row_of(from).name, row_of(to).name,
           reason);
  node.reason = node.is_usable() ? std::string{} : std::move(reason);
  out.push(ConditionChanged{node.options.id, from, to});
}

void Tracker::ask(NodeFacts& node, Instant now, Actions<HealthAction>& out) {
  Schedule& schedule = schedule_of(node);
  schedule.in_flight_since = now;
  schedule.is_in_flight_fresh = std::exchange(schedule.is_fresh_wanted, false);
  if (!schedule.unanswered_since) schedule.unanswered_since = now;
  const bool is_awaited = node.condition == down && schedule.quickest_answer > Duration{};
  const Duration connect = is_awaited ? std::max(kAwaitedConnect, kAwaitedRoundTrips * schedule.quickest_answer) : Duration{};
  out.push(Probe{node.options.id, schedule.is_in_flight_fresh, node.options.time_to_answer(), connect});
}

void Tracker::plan_next(NodeFacts& node, Instant now) {
  Schedule& schedule = schedule_of(node);
  if (schedule.is_fresh_wanted) schedule.next_probe = now + after_broken(schedule.unclear);
  else if (node.condition == suspect) schedule.next_probe = now + node.options.retry_delay;
  else if (schedule.close_watch) schedule.next_probe = now + *schedule.close_watch;
  else schedule.next_probe = now + normal_period(node);
}

Duration Tracker::normal_period(const NodeFacts& node) const {
  const Duration check = node.options.check_period;
  return check > Duration{} ? std::min(check, options_.probe_period) : options_.probe_period;
}

std::optional<Instant> Tracker::next_deadline() const {
  std::optional<Instant> next;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    // An answer or a failure comes by itself; how long silence may last does not.
    const auto probe = schedules_[i].in_flight_since ? std::nullopt : std::optional(schedules_[i].next_probe);
    for (const auto& due : {probe, silence_deadline(nodes_[i])})
      if (due && (!next || *due < *next)) next = due;
  }
  return next;
}

void Tracker::fence(NodeId id, std::string reason, Instant now, Actions<HealthAction>& out) {
  NodeFacts* node = find_mutable(id);
  if (node == nullptr || node->condition == fenced || node->condition == detached) return;
  set_condition(*node, fenced, std::move(reason), now, out);
}

void Tracker::unfence(NodeId id, Instant now, Actions<HealthAction>& out) {
  NodeFacts* node = find_mutable(id);
  if (node != nullptr && node->condition == fenced)
    set_condition(*node, down, "a standby now: returns by auto_failback or attach", now, out);
}

void Tracker::release(NodeId id, std::string reason, Instant now, Actions<HealthAction>& out) {
  NodeFacts* node = find_mutable(id);
  if (node != nullptr && (node->condition == fenced || node->condition == down))
    make_usable(*node, std::move(reason), now, out);
}

void Tracker::probe_now(NodeId id, Instant now, Actions<HealthAction>& out) {
  NodeFacts* node = find_mutable(id);
  if (node != nullptr && !schedule_of(*node).in_flight_since) ask(*node, now, out);
}

void Tracker::watch_closely(NodeId id, Duration period, Instant now) {
  NodeFacts* node = find_mutable(id);
  if (node == nullptr) return;
  Schedule& schedule = schedule_of(*node);
  schedule.close_watch = period;
  schedule.next_probe = std::min(schedule.next_probe, now + period);
}

void Tracker::watch_normally(NodeId id) {
  if (NodeFacts* node = find_mutable(id)) schedule_of(*node).close_watch.reset();
}

void Tracker::restore(NodeId id, NodeCondition condition, Instant now) {
  NodeFacts* node = find_mutable(id);
  if (node == nullptr) return;
  node->condition = condition;
  node->changed_at = wall(now);
  node->reason = condition == detached ? "detached by an operator before the restart" : "down before the restart";
  log_.info("node restored node={} condition={}", id.value, row_of(condition).name);
}

void Tracker::reconfigure(HealthOptions options) {
  for (const NodeOptions& fresh : options.nodes)
    if (NodeFacts* node = find_mutable(fresh.id)) node->options = fresh;
  options_ = std::move(options);
}

const NodeFacts* Tracker::find(NodeId id) const {
  const auto found = std::find_if(nodes_.begin(), nodes_.end(), [&](const NodeFacts& n) { return n.options.id == id; });
  return found == nodes_.end() ? nullptr : &*found;
}

NodeFacts* Tracker::find_mutable(NodeId id) { return const_cast<NodeFacts*>(std::as_const(*this).find(id)); }

void Tracker::set_wall_clock(WallTime wall, Instant now) {
  wall_base_ = wall;
  wall_base_at_ = now;
}

WallTime Tracker::wall(Instant now) const {
  return wall_base_ + std::chrono::duration_cast<seconds>(now - wall_base_at_);
}

void Tracker::count_answer(NodeFacts& node, Duration took, Instant now) {
  if (is_out_of_use(node.condition)) return count_skipped(node, now);
  node.stats.count(true, took, wall(now));
  node.stats.end_round(std::exchange(schedule_of(node).round_retries, 0));
}

void Tracker::count_failure(NodeFacts& node, Duration took, Instant now) {
  if (is_out_of_use(node.condition)) return count_skipped(node, now);
  const bool is_last = node.failures > node.options.max_retries;
  if (!is_last) {
    ++schedule_of(node).round_retries;
    return;
  }
  node.stats.count(false, took, wall(now));
  node.stats.end_round(std::exchange(schedule_of(node).round_retries, 0));
}

void Tracker::count_skipped(NodeFacts& node, Instant now) {
  ++node.stats.total;
  ++node.stats.skipped;
  node.stats.last_check = node.stats.last_skip = wall(now);
}

}  // namespace howdah::health
