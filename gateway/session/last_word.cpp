// FATAL 57P01 in the middle of a read: a server that shuts down says so to everybody, and pg_terminate_backend says it to
// the one whose statement an administrator wants to end. In the first case the read runs again elsewhere, unseen; in the
// second it must not. Which it was is told by the server's being there or not, a moment later.
// (Open transactions: transaction_replay.cpp.)
#include "gateway/session/closed_primary.hpp"
#include "gateway/session/session_core.hpp"

namespace howdah {

using namespace session;

// The server is about to end the connection.
void SessionCore::note_word(std::string_view sqlstate) {
  if (sqlstate != "57P01" || options_.primary_wait_timeout == Duration{}) return;
  rerun_.word = LastWord{backend_->node(), env_.view->epoch, now_};
}

// Nothing: a node is chosen as ever.
std::optional<Decision> SessionCore::choose_after_word() {
  if (rerun_.refusal && is_next_primary_awaited(*rerun_.refusal, *env_.view, now_)) return Decision{.reason = RouteReason::no_primary};
  if (rerun_.refusal) rerun_.refusal->is_over = true;
  if (!rerun_.word) return std::nullopt;
  const NodeView* node = env_.view->find(rerun_.word->node);
  const bool is_still_there = node != nullptr && node->is_usable() && node->answers && env_.view->epoch == rerun_.word->epoch;
  if (is_still_there) return Decision{.reason = RouteReason::no_node};
  rerun_.avoided_node = rerun_.word->node;
  rerun_.word.reset();
  return std::nullopt;
}

std::optional<Instant> SessionCore::word_deadline() const {
  if (!rerun_.word || waiting_ != Waiting::node) return std::nullopt;
  return rerun_.word->at + kDownAfterWord;
}

// What ties the session goes with its server connection, whatever the server ends it for (also for its own time limits).
void SessionCore::end_as_server_tells(Bytes message, std::optional<NodeFailure> evidence) {
  if (evidence) out_->push(ReportNode{backend_->node(), *evidence});
  env_.log.info("session ends s={} reason={}", identity_.id.value, name_of(CloseReason::session_state_lost));
  release_withheld();
  to_client(message);
  flush_run();
  out_->push(ReturnLease{std::exchange(backend_, nullptr), LeaseEnd::close});
  leave(CloseReason::session_state_lost);
}

// Somebody has ended this connection: the client's ends with it, as it would without us.
void SessionCore::end_as_told() {
  close_with(Error{ErrorCode::session_state_lost, "terminating connection due to administrator command"},
             CloseReason::server_lost);
}

}  // namespace howdah
