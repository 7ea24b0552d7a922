#include "failover/council.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace howdah::failover {

namespace {

constexpr Duration kCalmPeriod = 200ms;
constexpr Duration kClosePeriod = 20ms;  // clients wait for what is read

}  // namespace

void Council::on(const CouncilSeen& seen) {
  has_spoken_ = true;
  const std::string trouble = seen.assembly ? "" : seen.error;
  if (trouble.empty() && !told_trouble_.empty()) log_.info("etcd is reached again");
  if (!trouble.empty() && told_trouble_.empty())
    log_.warn("etcd is not reached error=\"{}\" hint=\"nobody is promoted until it is\"", trouble);
  told_trouble_ = trouble;
  is_away_ = !seen.assembly.has_value();
  lease_until_ = std::max(lease_until_, seen.lease_until);
  if (is_away_) return;
  assembly_ = seen.assembly;
  read_at_ = seen.asked_at;
  office_ = assembly_->office;
  declared_.reset();
  for (const Vote& vote : assembly_->votes) {
    if (vote.gateway == options_.self && may_write(vote.stance)) declared_ = vote;
    const bool is_namesake = vote.gateway.name == options_.self.name && vote.gateway != options_.self && told_;
    if (is_namesake && !std::exchange(is_namesake_told_, true))
      log_.error("another gateway has the same name name={} hint=\"set gateway_name\"", vote.gateway.name);
  }
}

void Council::begin_turn(Instant now) {
  now_ = now;
  wanted_.reset();
  is_claim_wanted_ = false;
}

void Council::keep_lock() {
  if (is_enabled() && has_lock()) wanted_ = assembly_->lock->purpose;
}

void Council::want_claim(Epoch epoch, NodeId node, TimelineId timeline) {
  is_claim_wanted_ = true;
  if (claim_ && claim_->epoch == epoch && claim_->node == node) return;
  claim_ = OfficeRow{epoch, node, timeline, options_.self, office_ ? office_->revision : 0};
}

void Council::accept() { accepted_revision_ = office_ ? office_->revision : 0; }

// --- what may be done ---

std::optional<std::string> Council::object_to_promotion(const std::vector<health::NodeFacts>& nodes, const health::KnownPrimary& known) {
  if (!is_enabled()) return std::nullopt;
  if (!is_reachable()) return "etcd is not reached, and without it another gateway may be promoting";
  if (!has_half_of_standbys_answering(nodes, known)) return "fewer than half of the standbys answer";
  if (auto objection = object_to_lock(*assembly_, options_.self, *known.node)) return objection;
  want_lock(LockPurpose::failover);
  if (!has_lock()) return "the lock among the gateways is not had yet";
  return object_to_writers(*assembly_, options_.self, *known.node, LockPurpose::failover);
}

std::optional<std::string> Council::object_to_switchover(NodeId primary) {
  if (!is_enabled()) return std::nullopt;
  if (!is_reachable()) return "etcd is not reached";
  if (is_locked_by_other(*assembly_, options_.self)) return fmt::format("gateway {} acts for all", assembly_->lock->gateway.name);
  want_lock(LockPurpose::switchover);
  if (!has_lock()) return "the lock among the gateways is not had yet";
  return object_to_writers(*assembly_, options_.self, primary, LockPurpose::switchover);
}

// Once read it stays for as long as the lease does, whether etcd answers or not.
bool Council::has_lock() const {
  return !is_enabled() || (assembly_ && is_counted() && failover::has_lock(*assembly_, options_.self));
}

bool Council::has_claimed(Epoch epoch, NodeId node) const {
  return !is_enabled() || (office_ && office_->epoch == epoch && office_->node == node && office_->claimed_by == options_.self);
}

bool Council::may_steer() const { return !is_enabled() || (is_reachable() && is_steward(*assembly_, options_.self)); }

bool Council::may_ping(NodeId primary) const {
  return !is_enabled() || (is_reachable() && is_first_witness(*assembly_, options_.self, primary));
}

bool Council::is_overruled(std::optional<NodeId> known) const {
  return is_enabled() && office_ && office_->revision > accepted_revision_ && office_->node != known;
}

std::string Council::why_no_writes(const std::vector<health::NodeFacts>& nodes, const health::KnownPrimary& known) const {
  if (!is_enabled()) return {};
  if (is_overruled(known.node))
    return fmt::format("gateway {} has put node {} into office", office_->claimed_by.name, office_->node.value);
  if (assembly_ && is_counted() && is_locked_by_other(*assembly_, options_.self) && assembly_->lock->purpose == LockPurpose::failover &&
      assembly_->lock->primary == known.node)
    return fmt::format("gateway {} is failing over", assembly_->lock->gateway.name);
  if (!is_counted() && !has_most_standbys_streaming(nodes, known))
    return "neither etcd nor a majority of the standbys is reached: others may have promoted";
  return {};
}

bool Council::has_declared(NodeId primary) const {
  return !is_enabled() || !is_counted() || (declared_ && declared_->primary == primary);
}

bool Council::is_declared_holding() const { return is_enabled() && is_counted() && declared_ && declared_->stance != Stance::writes; }

bool Council::is_draining_for_other(std::optional<NodeId> known) const {
  return is_enabled() && assembly_ && is_counted() && is_locked_by_other(*assembly_, options_.self) &&
         assembly_->lock->purpose == LockPurpose::switchover && assembly_->lock->primary == known;
}

void Council::shape(health::RolePolicy& policy, std::optional<NodeId> known) const {
  if (!is_enabled() || !office_) return;
  policy.is_named_only = is_overruled(known);
  if (policy.is_named_only || office_->node == known) policy.named = office_->node;
}

// --- what is sent ---

void Council::end_turn(const Turn& turn, Actions<Action>& out) {
  if (!is_enabled()) return;
  if (office_ && office_->node == turn.known) accepted_revision_ = office_->revision;
  tell(turn, out);
  settle_lock(turn, out);
  enter_office(turn, out);
  watch(turn, out);
  alarm_ = is_counted() ? std::optional(lease_until_) : std::nullopt;
}

void Council::tell(const Turn& turn, Actions<Action>& out) {
  Vote vote{options_.self, turn.known, turn.stance, turn.servers};
  if (told_ == vote) return;
  told_ = vote;
  out.push(TellCouncil{std::move(vote)});
}

void Council::send(Action action, Actions<Action>& out) {
  sent_at_ = now_;
  out.push(std::move(action));
}

void Council::settle_lock(const Turn& turn, Actions<Action>& out) {
  if (!is_reachable() || !has_read_back()) return;
  const bool is_held = failover::has_lock(*assembly_, options_.self);
  const bool is_right = is_held && wanted_ == assembly_->lock->purpose;
  if (is_held && !is_right) return send(DropLock{assembly_->lock->revision}, out);
  if (wanted_ && !assembly_->lock && turn.known) send(TakeLock{{options_.self, *wanted_, *turn.known}}, out);
}

void Council::enter_office(const Turn& turn, Actions<Action>& out) {
  if (!is_claim_wanted_) claim_.reset();
  if (!is_reachable() || !has_read_back()) return;
  if (claim_) {
    const bool is_open = (office_ ? office_->revision : 0) == claim_->revision;
    if (has_lock() && is_open) send(ClaimOffice{*claim_, assembly_->lock->revision}, out);
    return;
  }
  if (!turn.seated || !may_steer() || is_overruled(turn.seated->node)) return;
  OfficeRow row = *turn.seated;
  row.claimed_by = options_.self;
  if (office_) {
    const bool is_said = office_->node == row.node && office_->timeline == row.timeline;
    if (is_said && (row.fork.xid == 0 || row.fork == office_->fork)) return;
    row.epoch = std::max(row.epoch, Epoch{office_->epoch.value + (office_->node == row.node ? 0 : 1)});
    row.revision = office_->revision;
  }
  send(ClaimOffice{std::move(row), assembly_->lock ? assembly_->lock->revision : 0}, out);
}

void Council::watch(const Turn& turn, Actions<Action>& out) {
  const bool is_calm = turn.is_calm && is_reachable() && !assembly_->lock && has_read_back();
  const Duration period = is_calm ? kCalmPeriod : kClosePeriod;
  if (period_ == period) return;
  period_ = period;
  out.push(WatchCouncil{period});
}

}  // namespace howdah::failover
