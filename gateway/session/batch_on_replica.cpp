// A batch that began on a replica. What comes behind a Flush, or behind the end of a transaction, was not known when its
// server was chosen, and may need another.
#include <algorithm>

#include "gateway/session/session_core.hpp"
#include "sql_router/freshness.hpp"

namespace howdah {

using namespace session;

void SessionCore::note_control_bound(std::string_view portal, TransactionControl control) {
  auto& portals = requests_.back().control_portals;
  std::erase_if(portals, [&](const ControlPortal& one) { return one.portal == portal; });
  if (control != TransactionControl::none) portals.push_back({std::string(portal), control});
}

void SessionCore::note_control_executed(std::string_view portal) {
  Request& request = requests_.back();
  auto& portals = request.control_portals;
  const auto found = std::find_if(portals.begin(), portals.end(), [&](const ControlPortal& one) { return one.portal == portal; });
  if (found == portals.end()) return;
  const TransactionControl control = found->control;
  portals.erase(found);
  if (control == TransactionControl::begin) request.has_begun_transaction = true, request.has_ended_transaction = false;
  if (is_plain_end(control)) request.has_ended_transaction = true, request.has_begun_transaction = false;
}

// Why the statement may not run where the rest of its batch has run, outside a transaction; nothing: it may.
std::optional<RouteReason> SessionCore::reason_to_leave_replica(const Traits& traits) const {
  if (!may_use_replica(traits, routing())) return traits.verdict.reason;
  const bool begins = traits.transaction == TransactionControl::begin;
  if (begins && !traits.modes.is_read_only.value_or(transaction_.is_default_read_only)) return RouteReason::explicit_transaction;
  if (begins && traits.read_consistency.value_or(consistency()) == ReadConsistency::global) return RouteReason::global_consistency;
  const NodeView* node = env_.view->find(backend_->node());
  const Freshness needed = needed_freshness(traits, facts(traits), *env_.view, routing());
  if (node != nullptr && is_fresh_enough(*env_.view, *node, needed)) return std::nullopt;
  return needed.why;
}

// What was sent stays where it is: the replica finishes first, and the primary does the rest. True: wait for that.
bool SessionCore::leave_replica_for(const Traits& traits) {
  if (!is_batch_open_ || backend_ == nullptr || !is_on_replica_) return false;
  const Request& request = requests_.back();
  const bool is_outside = request.has_ended_transaction ||
                          (!request.has_begun_transaction && transaction_.sent_begin.empty() &&
                           backend_->ledger.status() == TransactionStatus::idle);
  if (!is_outside) return false;
  const auto reason = reason_to_leave_replica(traits);
  if (!reason) return false;
  build_.clear();
  wire::append_sync(build_);
  to_server_copy(as_bytes(build_));
  backend_->ledger.owe({AnswerKind::sync, Audience::nobody, static_cast<std::uint64_t>(Injected::drain)});
  requests_.back().cannot_run_again();
  Traits on_primary = traits;
  on_primary.verdict.may_use_replica = false;
  on_primary.verdict.reason = *reason;
  scan_.held.assign(1, std::make_shared<const Traits>(std::move(on_primary)));
  answer_.is_draining = true;
  return true;
}

}  // namespace howdah
