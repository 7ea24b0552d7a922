// Those with whom it is agreed who is primary: Patroni, whose leader is followed, and the other gateways.
#include <algorithm>

#include "failover/coordinator.hpp"

namespace howdah::failover {

using health::NodeFacts;

namespace {

constexpr Duration kCalmPeerPeriod = 500ms;
constexpr Duration kClosePeerPeriod = 50ms;  // clients wait for the answer
constexpr Duration kPatroniLimit = 40s;  // of a switchover by Patroni, which gives up by itself before

}  // namespace

void Coordinator::handle(const PatroniAnswered& event) {
  patroni_.on(event, tracker_.nodes());
  if (const auto leader = patroni_.leader(); leader && leader != known_.node) tracker_.probe_now(*leader, now_, health_out_);
}

void Coordinator::handle(const CouncilSeen& event) {
  council_.on(event);
  if (council_.is_overruled(known_.node)) tracker_.probe_now(council_.office()->node, now_, health_out_);
  const auto& office = council_.office();
  if (office && office->node == known_.node && office->epoch == epoch_) fates_.learn(office->fork);
}

bool Coordinator::have_peers_spoken() const {
  return (!options_.asks_patroni || patroni_.has_spoken()) && council_.has_spoken();
}

// Why the known primary must not be written to, if somebody with a say in it says so.
std::string Coordinator::why_no_writes() const {
  if (!known_.node) return {};
  if (options_.asks_patroni) return patroni_.why_denied(*known_.node);
  return council_.why_no_writes(tracker_.nodes(), known_);
}

void Coordinator::shape(health::RolePolicy& policy) const {
  if (options_.asks_patroni) patroni_.shape(policy);
  council_.shape(policy, known_.node);
}

void Coordinator::watch_peers() {
  if (!options_.asks_patroni) return;
  const bool is_calm = phase_ == Phase::steady && is_permitted() && !verdict_.is_contested && !patroni_.is_leader_mute();
  const Duration period = is_calm ? kCalmPeerPeriod : kClosePeerPeriod;
  if (patroni_period_ == period) return;
  patroni_period_ = period;
  out_->push(WatchPatroni{period});
}

// --- several gateways ---

// Where a plan is under way the lock is kept; it was taken before the first step (object_to_promotion, gather).
void Coordinator::keep_lock() {
  if (phase_ == Phase::following) council_.keep_lock();
  if (plan_ || switchover_) return council_.want_lock(plan_ && !plan_->is_switchover ? LockPurpose::failover : LockPurpose::switchover);
  const bool is_acting = phase_ == Phase::freezing || phase_ == Phase::commanding ||
                         (phase_ == Phase::searching && options_.mode == FailoverMode::command);
  if (is_acting) council_.want_lock(LockPurpose::failover);
}

Stance Coordinator::stance() const {
  switch (phase_) {
    case Phase::confirming:
    case Phase::freezing:
    case Phase::promoting:
    case Phase::commanding:
    case Phase::searching:
    case Phase::holding: return Stance::down;
    default: break;
  }
  if (!wants_to_write()) return Stance::waits;
  if (!is_switching()) return Stance::writes;
  const bool is_held = view_->is_switching && view_->primary == known_.node;
  return is_held && are_workers_quiet() ? Stance::quiet : Stance::drains;
}

void Coordinator::tell_council() {
  if (!council_.is_enabled()) return;
  keep_lock();
  Council::Turn turn{.known = known_.node, .stance = stance(), .servers = servers_of(tracker_.nodes())};
  const bool is_seated = (phase_ == Phase::steady || phase_ == Phase::following) && primary()->is_usable() && !verdict_.is_contested;
  if (is_seated)
    turn.seated = OfficeRow{
        .epoch = epoch_, .node = *known_.node, .timeline = known_.timeline, .fork = fates_.fork().value_or(Fork{})};
  turn.is_calm = phase_ == Phase::steady && is_primary_trusted() && view_->primary == known_.node && !view_->is_switching;
  council_.end_turn(turn, *out_);
}

// At the start: whom the gateways have agreed upon counts more than what this one has kept.
void Coordinator::take_kept_office() {
  if (!council_.is_overruled(known_.node) || tracker_.find(council_.office()->node) == nullptr) return;
  known_.node = council_.office()->node;
  known_.timeline = std::max(known_.timeline, council_.office()->timeline);
  epoch_ = std::max(epoch_, council_.office()->epoch);
}

// A gateway has claimed the office for a standby and died before it was promoted, while the primary is well: the claim is
// overtaken once the standby has gone on following this primary for as long as a promotion may take.
void Coordinator::take_office_back() {
  const NodeFacts* claimed = council_.is_overruled(known_.node) ? tracker_.find(council_.office()->node) : nullptr;
  const bool is_idle = claimed != nullptr && council_.may_steer() && claimed->answers && claimed->last->in_recovery &&
                       claimed->last->receiver_status == "streaming" && claimed->last->received_timeline == known_.timeline;
  if (!is_idle) return idle_claim_since_.reset();
  if (!idle_claim_since_) idle_claim_since_ = now_;
  const Instant due = *idle_claim_since_ + options_.promote_timeout;
  if (now_ < due) return wake_at(due);
  log_.warn("claim overtaken node={} claimed_by={}", claimed->options.id.value, council_.office()->claimed_by.name);
  council_.accept();
}

// Another gateway may have begun to promote it.
std::optional<NodeId> Coordinator::prefer_claimed(const std::vector<Candidate>& candidates) const {
  if (!council_.is_overruled(known_.node)) return std::nullopt;
  for (const Candidate& candidate : candidates)
    if (candidate.node == council_.office()->node && candidate.is_eligible) return candidate.node;
  return std::nullopt;
}

// The office is claimed for the plan's winner; nobody is told to promote before.
bool Coordinator::is_claimed() {
  if (council_.has_claimed(plan_->epoch, plan_->new_primary)) return true;
  if (council_.has_lock()) {
    council_.want_claim(plan_->epoch, plan_->new_primary, plan_->old_timeline);
    return false;
  }
  plan_.reset();
  hold("the lock among the gateways was lost before the promotion");
  return false;
}

// --- a switchover that Patroni carries out ---

std::optional<std::string> Coordinator::object_to_asking(NodeId candidate) const {
  if (!patroni_.cluster()) return "Patroni does not answer";
  if (!known_.node || patroni_.denies(*known_.node)) return "the primary is not Patroni's leader";
  if (find_member(*patroni_.cluster(), tracker_.find(candidate)->options) == nullptr) return "the node is no member of Patroni's cluster";
  return std::nullopt;
}

void Coordinator::ask_patroni() {
  Switchover& plan = *switchover_;
  const auto leader = patroni_.cluster() ? patroni_.cluster()->leader() : nullptr;
  const auto candidate = patroni_.cluster() ? find_member(*patroni_.cluster(), tracker_.find(plan.candidate)->options) : nullptr;
  if (leader == nullptr || candidate == nullptr || patroni_.denies(*known_.node))
    return give_up_switchover("Patroni's leader changed meanwhile");
  plan.stage = SwitchStage::asking;
  plan.deadline = now_ + kPatroniLimit;
  plan.step = desk_.next();
  log_.info("patroni is asked to switch over leader={} candidate={}", leader->name, candidate->name);
  out_->push(SwitchPatroni{*plan.step, leader->name, candidate->name});
}

void Coordinator::handle(const PatroniSwitched& event) {
  if (!switchover_ || switchover_->step != event.id) return;
  switchover_->step.reset();
  if (!event.is_ok) return give_up_switchover("Patroni says: " + event.text);
  log_.info("patroni has switched over answer=\"{}\"", event.text);
}

// It ends with the new leader in office (adopt), or with Patroni's refusal.
void Coordinator::await_patroni() {
  if (adopt_successor()) return;
  tracker_.watch_closely(switchover_->candidate, kClosePeerPeriod, now_);
  if (now_ >= switchover_->deadline) return give_up_switchover("Patroni made no new leader");
  wake_at(switchover_->deadline);
}

}  // namespace howdah::failover
