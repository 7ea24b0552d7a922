// Silence: when nothing at all is said, neither yes nor no. How it is judged is told in tracker.hpp.
#include <algorithm>

#include "health/failure_kind.hpp"
#include "health/tracker.hpp"

namespace howdah::health {

using enum NodeCondition;

void Tracker::hear(NodeId id, Instant at) {
  NodeFacts* node = find_mutable(id);
  if (node == nullptr || at <= node->heard_at) return;
  node->heard_at = at;
}

std::optional<Instant> Tracker::silent_since(const NodeFacts& node) const {
  const auto& unanswered = schedule_of(node).unanswered_since;
  return unanswered ? std::optional(std::max(*unanswered, node.heard_at)) : std::nullopt;
}

// Never down in the moment it becomes suspect: if it was Howdah that stood still, the answer is already on its way.
std::optional<Instant> Tracker::silence_deadline(const NodeFacts& node) const {
  const auto since = silent_since(node);
  if (!since) return std::nullopt;
  if (node.is_usable()) return *since + node.options.answer_deadline;
  const bool may_end = node.options.is_silence_final && node.options.may_fail_over && node.options.check_period > Duration{};
  if (node.condition != suspect || node.failure != FailureKind::timeout || !may_end) return std::nullopt;
  const Duration limit = node.options.time_to_answer();
  return std::max(*since + limit, node.trouble_since + limit - node.options.answer_deadline);
}

void Tracker::judge_silence(NodeFacts& node, Instant now, Actions<HealthAction>& out) {
  Schedule& schedule = schedule_of(node);
  const auto since = silent_since(node);
  if (!since) return;
  const bool is_suspected_of_silence = node.condition == suspect && node.failure == FailureKind::timeout;
  if (is_suspected_of_silence && node.heard_at > node.trouble_since) {
    schedule.is_knocked = false;
    make_usable(node, "clients are answered", now, out);
  }
  if (const auto deadline = silence_deadline(node); !deadline || now < *deadline) return;
  const Duration silent = now - *since;
  if (node.condition == suspect) return give_up_silent(node, silent, now, out);
  node.failure = FailureKind::timeout;
  set_condition(node, suspect, fmt::format("no answer for {} ms", silent / 1ms), now, out);
  const bool is_to_be_knocked = schedule.in_flight_since && !std::exchange(schedule.is_knocked, true);
  const Duration limit = std::max(node.options.answer_deadline, node.options.time_to_answer() - silent);
  if (is_to_be_knocked) out.push(Probe{.node = node.options.id, .is_fresh = true, .timeout = limit, .is_knock = true});
}

void Tracker::give_up_silent(NodeFacts& node, Duration silent, Instant now, Actions<HealthAction>& out) {
  node.answers = false;
  node.successes = 0;
  schedule_of(node).is_run_broken = true;
  node.failures = node.options.max_retries + 1;  // no more attempts
  count_failure(node, silent, now);
  set_condition(node, down, fmt::format("silent for {} ms", silent / 1ms), now, out);
}

// That the kept connection is silent is known: more silence says nothing new, anything else is a word.
void Tracker::take_knock_failure(NodeFacts& node, const ProbeFailed& event, Instant now, Actions<HealthAction>& out) {
  const bool is_word = event.kind == FailureKind::refused || is_alive_but_closed(event.kind) || is_restarting(event.kind);
  if (!is_word || node.condition != suspect) return;
  schedule_of(node).end_silence();
  schedule_of(node).is_run_broken = true;
  node.answers = false;
  node.failure = event.kind;
  node.last_failed_at = event.asked_at;
  node.last_failure_at = now;
  if (is_alive_but_closed(event.kind)) judge_closed(node, event, now, out);
  else if (is_restarting(event.kind)) judge_restarting(node, event, false, now, out);
  else judge_dead_or_not(node, event, true, now, out);
}

}  // namespace howdah::health
