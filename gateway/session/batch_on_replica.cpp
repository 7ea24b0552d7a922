// A batch that began on a replica. What comes behind a Flush, or behind the end of a transaction, was not known when its
// server was chosen, and may need another.
#include "gateway/session/session_core.hpp"
#include "sql_router/freshness.hpp"

namespace howdah {

using namespace session;

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

// In a batch on a replica: whether what comes next begins outside a transaction.
bool SessionCore::is_outside_on_replica() const {
  const Request& request = requests_.back();
  if (request.has_ended_transaction || request.has_begun_transaction) return request.has_ended_transaction;
  return transaction_.sent_begin.empty() && backend_->ledger.status() == TransactionStatus::idle;
}

// What was sent stays where it is: the replica finishes first, and the primary does the rest. True: wait for that.
bool SessionCore::leave_replica_for(const Traits& traits) {
  if (!is_batch_open_ || backend_ == nullptr || !is_on_replica_ || !is_outside_on_replica()) return false;
  const auto reason = reason_to_leave_replica(traits);
  if (!reason) {
    written_.admitted = demand_of(traits, facts(traits), routing());
    return false;
  }
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

// A transaction cannot leave. True: the server has been made to fail, and the client will hear why.
bool SessionCore::refuse_behind_flush(const Traits& traits) {
  if (!is_batch_open_ || backend_ == nullptr || !is_on_replica_ || is_outside_on_replica()) return false;
  const auto error = error_on_replica(traits);
  if (error) refuse_statement(*error);
  return error.has_value();
}

// For a message that ends the batch before it. A value: it is not to be sent, or not yet.
std::optional<std::size_t> SessionCore::divert_from_replica(const Traits& traits, Bytes input, Head head) {
  if (leave_replica_for(traits)) return 0;
  if (!refuse_behind_flush(traits)) return std::nullopt;
  sync_batch();
  return start_stream(input, head, 0, true);
}

}  // namespace howdah
