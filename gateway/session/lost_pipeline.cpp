// A connection is lost with several requests in flight, outside transactions: each of them is a matter of its own. Reads of
// which the client has seen nothing run again; in the place of the others, and in their order, stands what is known of them.
#include <algorithm>

#include "gateway/session/session_core.hpp"
#include "gateway/session/session_errors.hpp"

namespace howdah {

using namespace session;

namespace {

bool may_run_again(const Request& request) {
  return request.is_rerunnable && !request.has_forwarded && (request.retained > 0 || !request.is_complete);
}

}  // namespace

bool SessionCore::are_requests_apart() const {
  return transaction_.told_status == TransactionStatus::idle && transaction_.sent_begin.empty() &&
         transaction_.movable_begin.empty() && std::none_of(requests_.begin(), requests_.end(), [](const Request& request) {
           return request.has_transaction_control || request.is_wrapped;
         });
}

bool SessionCore::can_rerun_some() const {
  return input_.stream_left == 0 && are_requests_apart() && std::any_of(requests_.begin(), requests_.end(), may_run_again);
}

// `is_copy_unfinished`: as in answer_lost_requests.
void SessionCore::rerun_some(bool is_copy_unfinished) {
  std::vector<char> again;
  std::vector<ToldInPlace> told;
  Bytes kept = rerun_.retained.view();
  bool is_any_unknown = false;
  for (const Request& request : requests_) {
    const Bytes bytes = kept.first(request.retained);
    kept = kept.subspan(request.retained);
    if (may_run_again(request)) {
      again.insert(again.end(), bytes.begin(), bytes.end());
      continue;
    }
    const bool is_undone = request.is_copy && is_copy_unfinished;
    const bool is_unknown = request.may_write && !is_undone;
    is_any_unknown |= is_unknown;
    told.push_back({.left = again.size(), .is_complete = request.is_complete});
    if (!request.has_error) told.back().error = is_undone ? undone_error() : lost_error(is_unknown);
  }
  if (may_run_again(requests_.front())) drop_withheld();
  else release_withheld();
  if (is_any_unknown) note_write();
  forget_requests();
  prepared_.closed.clear();
  on_transaction_end();
  input_.held.prepend(input_.rest.view());
  input_.rest.clear();
  input_.held.prepend(again);
  rerun_.left += again.size();
  for (ToldInPlace& one : told) one.left = rerun_.left - one.left;
  rerun_.told.insert(rerun_.told.begin(), std::make_move_iterator(told.begin()), std::make_move_iterator(told.end()));
  tell_in_place();
}

// What stands before the next request that runs again, once everything before it is answered.
void SessionCore::tell_in_place() {
  while (!rerun_.told.empty() && rerun_.left <= rerun_.told.front().left && requests_.empty() && !is_closed_ &&
         waiting_ == Waiting::nothing) {
    const ToldInPlace one = std::move(rerun_.told.front());
    rerun_.told.erase(rerun_.told.begin());
    if (one.error) to_client_error(*one.error);
    if (one.is_complete) to_client_ready();
    else input_.is_discarding = true;
  }
}

// Of the bytes that the client has sent: those before the next place where something is to be told.
Bytes SessionCore::before_told(Bytes held) const {
  if (rerun_.told.empty()) return held;
  const std::size_t place = rerun_.told.front().left;
  return held.first(std::min(held.size(), rerun_.left - std::min(rerun_.left, place)));
}

}  // namespace howdah
