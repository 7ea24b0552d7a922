// The phases of an unplanned failover, one function each. See failover/README.md for what each may assume.
#include <algorithm>

#include "failover/coordinator.hpp"
#include "failover/election.hpp"
#include "failover/guards.hpp"
#include "failover/statements.hpp"

namespace howdah::failover {

using health::NodeCondition;
using health::NodeFacts;

namespace {

// After a restart of Howdah the kept primary is given this long to appear before anybody is promoted: when a whole
// site starts, standbys may well be up first.
constexpr Duration kStartPatience = 30s;
constexpr Duration kAskPeriod = 10ms;     // confirming: the answers are what everybody waits for
constexpr Duration kDoubtPeriod = 50ms;   // suspect: they are asked while the primary still has time
constexpr Duration kStepPeriod = 10ms;    // freezing and promoting take tens of milliseconds
constexpr Duration kFollowPeriod = 100ms;
// A standby that has not replayed anything for this long has nothing more it can replay: a torn record at the end never is.
constexpr Duration kStandstill = 50ms;
// pg_promote is repeated: a promotion signal that meets the end of the WAL receiver is noticed only 5 s later else.
constexpr Duration kPromoteAgain = 50ms;
constexpr Duration kFollowLimit = 30s;
constexpr Duration kMendAfter = 2s;       // a standby not streaming for this long is looked at
constexpr Duration kMendAgain = 10s;
constexpr Duration kComplainAgain = 60s;

}  // namespace

void Coordinator::advance_starting() {
  const auto& nodes = tracker_.nodes();
  if (!std::all_of(nodes.begin(), nodes.end(), [](const NodeFacts& node) {
        return node.outcomes > 0 || node.condition == NodeCondition::detached;
      }))
    return;
  if (!have_peers_spoken()) return;
  take_kept_office();
  if (verdict_.primary) return adopt(*verdict_.primary, "found at start");
  complain_of_stale_primary();
  const NodeFacts* kept = primary();
  if (kept != nullptr && kept->is_judged_dead()) {
    if (now_ - *started_at_ >= kStartPatience) set_phase(Phase::confirming, "the kept primary stays away");
    else wake_at(*started_at_ + kStartPatience);
  }
}

// The newest primary is away and an older one is there: using it would lose what the newer one has acknowledged.
void Coordinator::complain_of_stale_primary() {
  const auto stale = std::find_if(verdict_.misfits.begin(), verdict_.misfits.end(),
                                  [](const health::Misfit& misfit) { return misfit.is_left_behind; });
  if (stale == verdict_.misfits.end() || now_ < next_complaint_ || !known_.node) return;
  log_.error("stale primary is not used node={0} timeline={1} known_primary={2} known_timeline={3} hint=\"start node {2}; if it "
             "is lost for good, pcp_attach_node -n {0} takes node {0} and gives up what only node {2} has\"",
             stale->node.value, tracker_.find(stale->node)->timeline.value, known_.node->value, known_.timeline.value);
  next_complaint_ = now_ + kComplainAgain;
}

// Also the phase `following`, which is steady with standbys still on their way.
void Coordinator::advance_steady() {
  if (adopt_successor()) return;
  const NodeFacts& node = *primary();
  const bool is_demoted = node.answers && node.last->in_recovery && !node.options.is_always_primary;
  if (is_demoted) {
    known_.is_given_up = true;
    return set_phase(Phase::searching, "the primary is a standby now");
  }
  if (node.is_usable() && is_left_for_disk() && !object_to_promotion(tracker_.nodes(), known_, guard_options(), now_)) {
    tracker_.fence(*known_.node, "its disk hangs", now_, health_out_);
    return set_phase(Phase::confirming, node.reason);
  }
  if (node.is_usable()) {
    known_.timeline = std::max(known_.timeline, node.timeline);
    keep_following();
    take_office_back();
    if (options_.mode == FailoverMode::native && !verdict_.is_contested && council_.may_steer())
      synchronous_.keep(node, tracker_.nodes(), options_.synchronous, options_.sql_timeout, now_, *out_);
  } else if (is_primary_back() && node.condition != NodeCondition::suspect) {
    tracker_.release(*known_.node, "the primary is back", now_, health_out_);
  } else {
    set_phase(node.condition == NodeCondition::down ? Phase::confirming : Phase::suspect, node.reason);
  }
}

void Coordinator::advance_suspect() {
  if (adopt_successor()) return;
  const NodeFacts& node = *primary();
  if (node.is_usable()) {
    let_go_of_standbys();
    return set_phase(Phase::steady, "answers again");
  }
  if (node.condition == NodeCondition::down) return set_phase(Phase::confirming, node.reason);
  if (node.failure == health::FailureKind::timeout && options_.mode == FailoverMode::native && council_.may_ping(*known_.node)) {
    watch_standbys(kDoubtPeriod);
    ping_primary();
  }
  if (node.condition != NodeCondition::restarting) return;
  tracker_.watch_closely(node.options.id, kFollowPeriod, now_);  // clients wait for the moment it is back
  const Instant limit = node.trouble_since + crash_restart_grace_;
  if (now_ >= limit) set_phase(Phase::confirming, "restarts for too long");
  else wake_at(limit);
}

void Coordinator::advance_confirming() {
  if (adopt_successor()) return;
  if (is_primary_back()) return return_to_primary("the primary answers again");
  const NodeFacts& node = *primary();
  const bool is_promoted_by_us = options_.mode == FailoverMode::native || options_.mode == FailoverMode::command;
  if (!is_promoted_by_us || !node.options.may_fail_over || node.options.is_always_primary) {
    known_.is_given_up = true;
    return set_phase(Phase::searching, is_promoted_by_us ? "the primary may not fail over"
                                                         : "failover_mode leaves the promotion to somebody else");
  }
  if (options_.mode == FailoverMode::native && !is_left_for_disk() && council_.may_ping(*known_.node)) ping_primary();
  auto objection = object_to_promotion(tracker_.nodes(), known_, guard_options(), now_);
  if (!objection && options_.mode == FailoverMode::native)
    objection = synchronous_.object_to_promotion(tracker_.nodes(), known_, options_.synchronous);
  if (!objection) objection = council_.object_to_promotion(tracker_.nodes(), known_);
  if (objection) {
    if (hold_reason_ != *objection || now_ >= next_complaint_) {
      log_.warn("no promotion yet reason=\"{}\"", *objection);
      next_complaint_ = now_ + kComplainAgain;
    }
    hold_reason_ = *objection;
    watch_standbys(kAskPeriod);
    return wake_at(now_ + kAskPeriod);
  }
  hold_reason_.clear();
  if (options_.mode == FailoverMode::native) return start_freezing();
  run_failover_command(*known_.node);
  known_.is_given_up = true;
  set_phase(Phase::commanding, "the standbys do not hear the primary");
}

GuardOptions Coordinator::guard_options() const {
  return {.asked_after = primary()->trouble_since,
          .patience = crash_restart_grace_,
          .is_left_alive = is_left_for_disk(),
          .ping_of = [this](NodeId id) { return sources_.ping_of(id); }};
}

// Those that seem to hear the primary are made to find out.
void Coordinator::ping_primary() {
  const GuardOptions guard = guard_options();
  const Ping ping{.after = options_.ping_after, .patience = options_.ping_patience};
  for (const NodeFacts& standby : tracker_.nodes()) {
    if (!is_freezable(standby) || standby.last_asked_at <= guard.asked_after ||
        !hears_primary(standby, tracker_.nodes(), known_, guard))
      continue;
    const Duration age = standby.last->last_message_age.value_or(Duration{}) + (now_ - standby.last_asked_at);
    sources_.want_asked(standby.options.id, age, ping, now_);
  }
}

// The primary is back: what was changed on the standbys to find out, or to promote one, is undone.
void Coordinator::let_go_of_standbys() {
  if (options_.mode != FailoverMode::native || !council_.may_steer()) return;
  for (const NodeFacts& node : tracker_.nodes())
    if (node.options.id != *known_.node && sources_.is_touched(node.options.id) && is_freezable(node))
      sources_.want_following(node.options.id, primary()->options, true);
}

bool Coordinator::is_freezable(const NodeFacts& node) const {
  return known_.node != node.options.id && node.answers && node.last && node.last->in_recovery &&
         node.condition != NodeCondition::detached && node.condition != NodeCondition::fenced;
}

void Coordinator::start_freezing() {
  set_phase(Phase::freezing, "the standbys do not hear the primary");
  settling_.clear();
  watch_standbys(kStepPeriod);
}

// Everything the standby received is replayed, or it has stood still.
bool Coordinator::is_settled(const NodeFacts& node) const {
  const auto frozen_at = sources_.frozen_at(node.options.id);
  if (!frozen_at || node.last_asked_at <= *frozen_at || !node.last->receiver_status.empty()) return false;
  const auto settling = settling_.find(node.options.id);
  if (settling == settling_.end()) return false;
  return node.last->replayed >= node.position || node.last_asked_at - settling->second.since >= kStandstill;
}

void Coordinator::advance_freezing() {
  if (adopt_successor()) return;
  if (is_primary_back()) return return_to_primary("the primary answers again");
  if (!council_.has_lock()) return hold("the lock among the gateways is lost");
  bool is_all_settled = true;
  std::string waiting_for;
  for (const NodeFacts& node : tracker_.nodes()) {
    if (is_freezable(node)) sources_.want_frozen(node.options.id);
    const bool is_awaited = is_freezable(node) ? !is_settled(node)
                                               : known_.node != node.options.id && !node.is_judged_dead() &&
                                                     node.condition == NodeCondition::suspect;
    if (!is_awaited) continue;
    is_all_settled = false;
    waiting_for = fmt::format("node {} does not settle: {}", node.options.id.value,
                              node.answers ? sources_.trouble_of(node.options.id) : node.reason);
  }
  if (!is_all_settled) {
    if (now_ - phase_since_ >= options_.freeze_timeout) return hold(std::move(waiting_for));
    return wake_at(std::min(now_ + kStandstill, phase_since_ + options_.freeze_timeout));
  }
  // Somebody may have gone away meanwhile, with commits that nobody else has.
  if (auto objection = synchronous_.object_to_promotion(tracker_.nodes(), known_, options_.synchronous))
    return hold(std::move(*objection));
  Plan plan{.epoch = Epoch{std::max(epoch_, council_.office() ? council_.office()->epoch : Epoch{}).value + 1},
            .old_primary = known_.node,
            .old_timeline = known_.timeline,
            .highest_known = primary()->last ? primary()->last->flushed : Lsn{},
            .candidates = list_candidates(tracker_.nodes(), known_),
            .reason = primary()->reason};
  auto choice = elect(plan.candidates);
  if (const auto claimed = prefer_claimed(plan.candidates)) choice = Choice{*claimed, "the office was claimed for it before"};
  if (!choice) return hold("nobody can be elected");
  plan.new_primary = choice->node;
  log_.log(plan.known_loss_bytes() == 0 ? LogLevel::info : LogLevel::error, "failover plan {}", to_text(plan));
  timeline_.note("plan", to_text(plan), now_);
  timeline_.note("chosen", fmt::format("node={} why=\"{}\"", choice->node.value, choice->why), now_);
  plan_ = std::move(plan);
  known_.is_given_up = true;
  known_.successor = plan_->new_primary;
  next_promote_ = now_;
  set_phase(Phase::promoting, "elected");
}

void Coordinator::advance_promoting() {
  // Nobody else's claim counts now: the winner may be primary already.
  if (verdict_.primary == plan_->new_primary) return adopt(plan_->new_primary, "promoted");
  const NodeFacts& winner = *tracker_.find(plan_->new_primary);
  if (winner.is_judged_dead()) {
    plan_.reset();
    return hold(fmt::format("node {} died while it was promoted", winner.options.id.value));
  }
  tracker_.watch_closely(winner.options.id, kStepPeriod, now_);
  if (!is_claimed()) return;
  const bool is_prepared = synchronous_.prepare(winner, options_.synchronous, options_.sql_timeout, now_, *out_);
  const bool is_ready = council_.has_lock() && is_prepared && is_view_taken();
  if (is_ready && !promote_step_ && now_ >= next_promote_) {
    promote_step_ = send(winner.options.id, SqlStep::promote, sql_promote(), options_.sql_timeout);
    next_promote_ = now_ + kPromoteAgain;
  }
  if (now_ - phase_since_ >= options_.promote_timeout && now_ >= next_complaint_) {
    log_.error("promotion does not finish node={}", winner.options.id.value);
    next_complaint_ = now_ + kComplainAgain;
  }
  wake_at(std::max(next_promote_, now_ + kStepPeriod));
}

void Coordinator::hold(std::string reason) {
  known_.successor.reset();
  log_.error("failover held reason=\"{}\"", reason);
  hold_reason_ = std::move(reason);
  set_phase(Phase::holding, hold_reason_);
}

void Coordinator::advance_holding() {
  if (adopt_successor()) return;
  if (is_primary_back()) return return_to_primary("the primary answers again");
  const Instant next = phase_since_ + options_.retry_after_hold;
  if (now_ >= next) set_phase(Phase::confirming, "next try");
  else wake_at(next);
}

void Coordinator::advance_commanding() {
  if (adopt_successor()) return;
  if (!commands_.is_busy()) set_phase(Phase::searching, "failover_command ended");
}

void Coordinator::advance_searching() {
  if (adopt_successor()) return;
  if (is_primary_back()) return return_to_primary("the old primary answers again");
  const Duration limit = options_.search_primary_timeout;
  if (limit > Duration{} && now_ - phase_since_ >= limit && now_ >= next_complaint_) {
    log_.error("no primary found seconds={}", std::chrono::duration_cast<seconds>(now_ - phase_since_).count());
    next_complaint_ = now_ + kComplainAgain;
  }
  watch_standbys(kFollowPeriod);
  tracker_.watch_closely(*known_.node, kFollowPeriod, now_);  // it may only have been restarted, and each of its runs counts
}

// The known primary is in office again; nobody was promoted, so the epoch stays.
void Coordinator::return_to_primary(std::string_view why) {
  known_.is_given_up = false;
  hold_reason_.clear();
  lost_since_.clear();
  tracker_.release(*known_.node, std::string(why), now_, health_out_);
  let_go_of_standbys();
  const bool may_be_steady = is_legal(phase_, Phase::steady);
  set_phase(may_be_steady ? Phase::steady : Phase::following, why);
}

void Coordinator::keep_following() {
  bool is_all_well = true;
  for (const NodeFacts& node : tracker_.nodes()) {
    const bool is_stray = node.condition == NodeCondition::fenced && node.answers && node.last && node.last->in_recovery &&
                          node.last->system_identifier == known_.system_identifier && node.timeline <= known_.timeline;
    if (options_.mode != FailoverMode::native || !(is_freezable(node) || is_stray)) continue;
    const NodeId id = node.options.id;
    if (!council_.may_steer()) {
      calm_follower(id);
      continue;
    }
    const bool streams = node.last->receiver_status == "streaming" && node.last->received_timeline == known_.timeline;
    if (streams && sources_.is_done(id)) {
      lost_since_.erase(id);
      sources_.forget(id);
      if (phase_ == Phase::following) tracker_.watch_normally(id);
      continue;
    }
    is_all_well = is_all_well && streams;
    mend_follower(node);
  }
  if (phase_ == Phase::following && (is_all_well || now_ - phase_since_ >= kFollowLimit))
    set_phase(Phase::steady, is_all_well ? "every standby follows" : "some standby does not follow");
}

// Whoever steers points the standbys; only what this gateway has changed to make one ping nobody else can put back.
void Coordinator::calm_follower(NodeId id) {
  if (!sources_.is_touched(id)) return;
  sources_.want_calm(id);
  if (sources_.is_done(id)) sources_.forget(id);
}

// A standby that answers but does not stream from the primary. One that was frozen in this failover is pointed at the
// primary at once; any other is looked at after a while, and touched only if it was left frozen or points at another
// node of ours.
void Coordinator::mend_follower(const NodeFacts& node) {
  const NodeId id = node.options.id;
  const Instant lost = lost_since_.try_emplace(id, now_).first->second;
  if (phase_ == Phase::following) tracker_.watch_closely(id, kFollowPeriod, now_);
  if (sources_.frozen_at(id) || now_ - lost >= kMendAfter)
    sources_.want_following(id, primary()->options, !sources_.frozen_at(id));
  if (now_ - lost >= kMendAgain && sources_.is_done(id)) {
    log_.warn("standby does not follow node={} receiver=\"{}\" timeline={}", id.value, node.last->receiver_status,
              node.timeline.value);
    sources_.forget(id);
    lost_since_[id] = now_ + kMendAgain;  // so that it is looked at again after some quiet
  }
}

}  // namespace howdah::failover
