// What a session adds to its database's counters, as PgBouncer counts: a query is whatever one ReadyForQuery ends, its
// time is without the waiting for a server connection; a transaction lasts from its first statement to the
// ReadyForQuery that ends it.
#include "gateway/session/traffic.hpp"

#include "gateway/session/session_core.hpp"

namespace howdah {

// A server connection is there.
void SessionCore::note_assigned() {
  ++traffic_.assignments;
  if (!since_.waiting) return;
  traffic_.wait_time += now_ - *since_.waiting;
  if (since_.busy) since_.waited += now_ - *since_.waiting;
}

// The client gets a ReadyForQuery with this status; before the clocks are touched.
void SessionCore::note_answered(TransactionStatus status) {
  ++traffic_.queries;
  if (since_.busy) traffic_.query_time += now_ - *since_.busy - std::exchange(since_.waited, Duration{});
  if (status != TransactionStatus::idle) return;
  ++traffic_.transactions;
  const auto since = since_.transaction ? since_.transaction : since_.busy;
  if (since) traffic_.transaction_time += now_ - *since;
}

}  // namespace howdah
