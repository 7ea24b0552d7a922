// What a session adds to its database's counters, as PgBouncer counts: a query is whatever one ReadyForQuery ends, its time
// is without the waiting for a server connection; a transaction lasts from its first statement to the ReadyForQuery that
// ends it.
#include "gateway/session/traffic.hpp"

#include "gateway/session/session_core.hpp"

namespace howdah {

// A server connection is there.
void SessionCore::note_assigned() {
  ++traffic_.assignments;
  if (!waiting_since_) return;
  traffic_.wait_time += now_ - *waiting_since_;
  if (busy_since_) waited_ += now_ - *waiting_since_;
}

// The client gets a ReadyForQuery with this status; before the clocks are touched.
void SessionCore::note_answered(TransactionStatus status) {
  ++traffic_.queries;
  if (busy_since_) traffic_.query_time += now_ - *busy_since_ - std::exchange(waited_, Duration{});
  if (status != TransactionStatus::idle) return;
  ++traffic_.transactions;
  const auto since = transaction_since_ ? transaction_since_ : busy_since_;
  if (since) traffic_.transaction_time += now_ - *since;
}

}  // namespace howdah
