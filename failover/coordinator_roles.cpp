// Who is in office and who only believes to be: the verdict of health/role_detector turned into taking into office, keeping
// out and closing.
#include <algorithm>

#include "failover/command_line.hpp"
#include "failover/coordinator.hpp"
#include "failover/statements.hpp"

namespace howdah::failover {

using health::NodeCondition;
using health::NodeFacts;

namespace {

// How long a second primary must be seen beside the known one to be nobody's rightful successor.
constexpr Duration kOutcastAfter = 2s;
// A returning false primary is to be closed before its own clients have written much.
constexpr Duration kReturnPeriod = 50ms;
// A gateway that has promoted tells the others where the histories part as soon as it has seen the promotion.
constexpr Duration kForkToldWithin = 2s;

}  // namespace

void Coordinator::judge_roles() {
  std::string old_alarm = std::move(verdict_.alarm);
  health::RolePolicy policy{.is_promoted_elsewhere = is_promoted_elsewhere(),
                            .may_standbys_decide = options_.may_standbys_decide};
  shape(policy);
  verdict_ = health::detect_roles(tracker_.nodes(), known_, policy);
  if (!verdict_.alarm.empty() && verdict_.alarm != old_alarm)
    log_.error("roles undecided alarm=\"{}\" hint=\"stop the wrong one, or take it out: pcp_detach_node\"",
               verdict_.alarm);
  else if (verdict_.alarm.empty() && !old_alarm.empty())
    log_.info("roles decided primary={}", verdict_.primary ? verdict_.primary->value : -1);
  for (const health::Misfit& misfit : verdict_.misfits) {
    const bool is_old_primary_of_switchover = switchover_ && known_.node == misfit.node;
    if (is_old_primary_of_switchover) continue;
    tracker_.fence(misfit.node, misfit.reason, now_, health_out_);
    if (misfit.is_claimant && !verdict_.is_contested) judge_claimant(misfit.node);
  }
  for (const NodeFacts& node : tracker_.nodes()) {
    const bool is_misfit = std::any_of(verdict_.misfits.begin(), verdict_.misfits.end(),
                                       [&](const auto& misfit) { return misfit.node == node.options.id; });
    if (is_misfit || !health::is_fitting_standby(node, known_)) continue;
    claimed_since_.erase(node.options.id);
    std::erase(known_.outcasts, node.options.id);
    std::erase(former_, node.options.id);
    if (node.condition == NodeCondition::fenced) tracker_.unfence(node.options.id, now_, health_out_);
  }
}

// Who only follows somebody else's promotions touches no server. At the start nobody is closed: what was kept may be older
// than a cluster restored from a backup.
void Coordinator::judge_fences() {
  std::vector<NodeId> shut, open;
  const bool is_in_office = known_.node && !known_.is_given_up && phase_ != Phase::starting && council_.may_steer();
  if (is_in_office && !is_promoted_elsewhere()) {
    for (const health::Misfit& misfit : verdict_.misfits)
      if (misfit.is_left_behind && misfit.node != *known_.node) shut.push_back(misfit.node);
  }
  const bool is_open_for_writes = council_.may_steer() && (phase_ == Phase::steady || phase_ == Phase::following) && primary()->is_usable();
  if (is_open_for_writes) {
    open.push_back(*known_.node);
    if (primary()->last && primary()->last->synchronous_names == kFencedNames) fences_.note_found(*known_.node, primary()->last_asked_at);
  }
  for (const NodeFacts& node : tracker_.nodes())
    if (is_in_office && node.answers && health::is_fitting_standby(node, known_)) open.push_back(node.options.id);
  fences_.want(shut, open);
}

Agents::Situation Coordinator::situation() const {
  Agents::Situation now{.nodes = tracker_.nodes(),
                        .epoch = epoch_,
                        .timeline = known_.timeline,
                        .system_identifier = known_.system_identifier,
                        .lost = former_};
  const bool is_in_office = known_.node && !known_.is_given_up;
  if (!is_in_office) return now;
  const bool is_open = phase_ == Phase::steady || phase_ == Phase::following;
  const bool is_held = is_open || phase_ == Phase::suspect || phase_ == Phase::confirming || phase_ == Phase::switching;
  if (is_held && !verdict_.is_contested && is_permitted()) now.holder = known_.node;
  const bool may_be_followed = is_open && primary()->is_usable() && primary()->answers && !verdict_.is_contested;
  if (may_be_followed && council_.may_steer()) now.primary = known_.node;
  for (const health::Misfit& misfit : verdict_.misfits)
    if (misfit.is_left_behind) now.lost.push_back(misfit.node);
  return now;
}

// A server that was made a standby is used once it streams, by auto_failback. Without that it is attached here, as at the end of
// an online recovery: bringing it back was the point.
void Coordinator::advance_agents() {
  agents_.advance(situation(), options_, now_, *out_);
  for (const NodeId id : agents_.take_rejoined())
    if (!options_.auto_failback) tracker_.on(health::OperatorAttach{id}, now_, health_out_);
  run_health_actions();
}

// A primary that was left behind may come back at any moment, and clients of its own with it: it is looked for.
void Coordinator::await_former_primaries() {
  for (const NodeId id : former_)
    if (const NodeFacts* node = tracker_.find(id); node != nullptr && !node->answers && known_.node != id)
      tracker_.watch_closely(id, kReturnPeriod, now_);
}

bool Coordinator::is_promoted_elsewhere() const {
  return options_.mode == FailoverMode::none || options_.mode == FailoverMode::patroni;
}

// A second primary beside one that goes on answering for a while was promoted by accident. (Seen for a moment only, the
// known one may just be dying, and the other its rightful successor.)
void Coordinator::judge_claimant(NodeId id) {
  const bool is_known_alive = is_primary_back() && !known_.is_given_up && primary()->answers;
  if (!is_known_alive) return;
  const Instant since = claimed_since_.try_emplace(id, now_).first->second;
  const bool is_outcast = std::find(known_.outcasts.begin(), known_.outcasts.end(), id) != known_.outcasts.end();
  if (is_outcast || primary()->last_asked_at - since < kOutcastAfter) return;
  known_.outcasts.push_back(id);
  log_.error("second primary node={} primary={} hint=\"rebuild it as a standby; it is kept out\"", id.value,
             known_.node->value);
}

bool Coordinator::has_claimants() const {
  return std::any_of(verdict_.misfits.begin(), verdict_.misfits.end(), [](const auto& misfit) { return misfit.is_claimant; });
}

bool Coordinator::adopt_successor() {
  if (!verdict_.primary || verdict_.primary == known_.node) return false;
  adopt(*verdict_.primary, "found out of recovery");
  return true;
}

void Coordinator::adopt(NodeId id, std::string_view why) {
  const NodeFacts* node = tracker_.find(id);
  const std::optional<NodeId> previous = known_.node;
  const bool is_change = previous != id || epoch_ == Epoch{};
  if (is_change) {
    ++epoch_.value;
    if (council_.office() && council_.office()->node == id) epoch_ = std::max(epoch_, council_.office()->epoch);
    council_.accept();
    const Instant told_by = council_.is_enabled() ? now_ + kForkToldWithin : Instant{};
    fates_.begin_epoch(plan_ && plan_->new_primary == id, told_by);
  }
  if (previous && *previous != id && std::find(former_.begin(), former_.end(), *previous) == former_.end())
    former_.push_back(*previous);
  std::erase(former_, id);
  known_ = {id, node->timeline, node->last ? node->last->system_identifier : 0, false, {}, known_.outcasts};
  claimed_since_.clear();
  lost_since_.clear();
  sources_.note_primary(id);
  if (is_change && phase_ != Phase::starting) {
    timeline_.begin(previous, now_);
    timeline_.note("adopted", fmt::format("node={} epoch={} timeline={}", id.value, epoch_.value, known_.timeline.value), now_);
    timeline_.note_primary(id);
  }
  tracker_.release(id, "is the primary", now_, health_out_);
  tracker_.watch_normally(id);
  log_.info("primary adopted node={} epoch={} timeline={} previous={} reason=\"{}\"", id.value, epoch_.value,
            known_.timeline.value, previous ? previous->value : -1, why);
  if (is_change && previous && options_.mode == FailoverMode::command && council_.may_steer()) {
    const NodeFacts* old = tracker_.find(*previous);
    for (const NodeFacts& standby : tracker_.nodes()) {
      const NodeId other = standby.options.id;
      if (other == id || other == *previous || standby.condition == NodeCondition::detached) continue;
      commands_.push(CommandKind::follow_primary, other,
                     expand_command(options_.follow_primary_command,
                                    {&standby.options, &node->options, &old->options, &old->options}));
    }
  }
  if (switchover_) {
    const bool is_wanted = switchover_->candidate == id;
    answer(switchover_->request, is_wanted ? Result<void>{} : Result<void>(Error{ErrorCode::command_failed, "another node became primary"}));
    switchover_.reset();
  }
  plan_.reset();
  hold_reason_.clear();
  set_phase(phase_ == Phase::starting ? Phase::steady : Phase::following, why);
}

// The operator's decision for an older primary, because the newer one is lost.
bool Coordinator::take_stale_primary(const NodeFacts& node) {
  const bool is_stale = std::any_of(verdict_.misfits.begin(), verdict_.misfits.end(), [&](const health::Misfit& misfit) {
    return misfit.node == node.options.id && misfit.is_left_behind;
  });
  const bool may_search = phase_ == Phase::starting || phase_ == Phase::searching || is_legal(phase_, Phase::searching);
  if (!is_stale || !may_search) return false;
  log_.warn("older primary taken by an operator node={} timeline={} instead_of={} timeline_lost={}", node.options.id.value,
            node.timeline.value, known_.node ? known_.node->value : -1, known_.timeline.value);
  known_.timeline = node.timeline;
  known_.node.reset();
  if (phase_ != Phase::starting) set_phase(Phase::searching, "an older primary was attached by an operator");
  return true;
}

// The operator's decision between two primaries: the other one is taken into office.
void Coordinator::yield_office(const DetachRequest& event) {
  known_.node.reset();
  tracker_.on(health::OperatorDetach{event.node}, now_, health_out_);
  if (phase_ != Phase::starting) set_phase(Phase::searching, "the primary was detached by an operator");
  answer(event.request, {});
}

}  // namespace howdah::failover
