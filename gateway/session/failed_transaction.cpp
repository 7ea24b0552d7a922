// A transaction that has failed accepts nothing but what leaves it. What stands behind that in the same string or batch may
// need a server connection that knows its prepared statements, and they cannot be made before it: in a batch they are made in
// their place, and a string is sent in two parts, whose answers are one to the client.
#include <utility>

#include "gateway/session/replay_obstacle.hpp"
#include "gateway/session/session_core.hpp"
#include "gateway/session/sql_literal.hpp"
#include "sql_router/pg_query_tree.hpp"

namespace howdah {

using namespace session;

// Nothing of it will be done. A string is refused as a whole if it does not begin with what leaves the transaction.
bool SessionCore::is_refused_as_failed(const Traits& traits) const {
  return client_status() == TransactionStatus::failed && requests_.is_status_certain() && !leaves_failure(traits.kind);
}

// Whether the message of a batch that is forwarded now meets a failed transaction. Nothing else is in flight (may_pipeline).
bool SessionCore::is_failed_here() const {
  return client_status() == TransactionStatus::failed && (requests_.empty() || !requests_.back().has_left_failure);
}

// Where the first part of a string ends that must be sent in two; 0: it goes as it is.
std::size_t SessionCore::way_out_of_failure(const Traits& traits, std::string_view sql) const {
  if (client_status() != TransactionStatus::failed || traits.statement_count < 2 || !leaves_failure(traits.kind)) return 0;
  return looks_at_names(traits) ? first_statement_end(std::string(sql).c_str()).value_or(0) : 0;
}

// The other part is blank up to where it begins, so that errors point to the right place.
std::size_t SessionCore::leave_failure_first(Bytes message, std::string_view sql, std::size_t end) {
  if (owes()) return 0;
  const std::string_view way_out = sql.substr(0, end);
  build_.clear();
  wire::append_query(build_, way_out);
  if (answer_query(scratch_.keep(as_bytes(build_)), traits_of(way_out), way_out) == 0) return 0;
  give_up_replay(ReplayObstacle::names);
  requests_.back().is_followed = true;
  const std::size_t begin = end + 1;  // behind its `;`
  wire::append_query(input_.next_rest, std::string(characters_in(sql.substr(0, begin)), ' ').append(sql.substr(begin)));
  return message.size();
}

// The first part was not done: PostgreSQL skips the rest of the string.
void SessionCore::drop_what_follows(Request& request) {
  if (std::exchange(request.is_followed, false)) input_.rest.clear();
}

}  // namespace howdah
