// Time: each limit is one row of deadline_of(), and what happens at it one row of check_deadlines().
#include <algorithm>

#include "gateway/session/session_core.hpp"

namespace howdah {

using namespace session;

namespace {

std::optional<Instant> after(std::optional<Instant> since, Duration limit) {
  if (!since || limit == Duration{}) return std::nullopt;
  return *since + limit;
}

constexpr std::array kFatalLimits{ErrorCode::query_timeout, ErrorCode::transaction_timeout,
                                  ErrorCode::idle_transaction_timeout, ErrorCode::client_idle_timeout};

}  // namespace

std::optional<Instant> SessionCore::deadline_of(ErrorCode code) const {
  switch (code) {
    case ErrorCode::no_primary:  // also a lease that was refused before
      return after(waiting_ == Waiting::node ? waiting_since_ : std::nullopt, options_.primary_wait_timeout);
    case ErrorCode::query_timeout: return after(busy_since_, options_.query_timeout);
    case ErrorCode::transaction_timeout: return after(transaction_since_, options_.transaction_timeout);
    case ErrorCode::idle_transaction_timeout:
      return after(is_in_transaction() ? idle_since_ : std::nullopt, options_.idle_transaction_timeout);
    case ErrorCode::client_idle_timeout:
      return after(is_in_transaction() ? std::nullopt : idle_since_, client_idle_limit());
    default: return std::nullopt;
  }
}

std::optional<Instant> SessionCore::next_deadline() const {
  if (is_closed_) return std::nullopt;
  std::optional<Instant> next = waiting_ == Waiting::node ? retry_at_ : std::nullopt;
  const auto consider = [&](std::optional<Instant> deadline) {
    if (deadline && (!next || *deadline < *next)) next = deadline;
  };
  consider(deadline_of(ErrorCode::no_primary));
  if (waiting_ == Waiting::lease || waiting_ == Waiting::node) consider(prepare_later_at_);
  for (const ErrorCode code : kFatalLimits) consider(deadline_of(code));
  return next;
}

void SessionCore::handle(const Tick&) {
  if (!is_closed_) check_deadlines();
}

void SessionCore::check_deadlines() {
  const auto is_due = [&](std::optional<Instant> deadline) { return deadline && *deadline <= now_; };
  for (const ErrorCode code : kFatalLimits) {
    if (!is_due(deadline_of(code))) continue;
    if (owes()) out_->push(SendCancel{backend_});
    return close_with(Error{code, limit_text(code)}, CloseReason::timed_out);
  }
  if (is_due(prepare_later_at_) && (waiting_ == Waiting::lease || waiting_ == Waiting::node)) {
    stop_waiting_to_prepare();
  } else if (is_due(deadline_of(ErrorCode::no_primary))) {
    waiting_ = Waiting::nothing;
    waiting_since_.reset();
    retry_at_.reset();
    const Error error{wait_error_, "no server that can run this statement became available in time"};
    if (is_starting_) return close_with(error, CloseReason::login_refused);
    pending_error_ = error;
  } else if (waiting_ == Waiting::node && is_due(retry_at_)) {
    waiting_ = Waiting::nothing;
    retry_at_.reset();
    avoided_node_.reset();
    if (is_starting_) start();
  }
}

std::string SessionCore::limit_text(ErrorCode code) {
  switch (code) {
    case ErrorCode::query_timeout: return "query timeout";
    case ErrorCode::transaction_timeout: return "terminating connection due to transaction timeout";
    case ErrorCode::idle_transaction_timeout: return "terminating connection due to idle-in-transaction timeout";
    default: return "terminating connection due to idle timeout";
  }
}

// Starts and stops the clocks after an event.
void SessionCore::touch_clocks() {
  const bool is_busy = !requests_.empty() || waiting_ != Waiting::nothing;
  if (!is_busy) {
    busy_since_.reset();
    if (!idle_since_) idle_since_ = now_;
  } else {
    idle_since_.reset();
    if (!busy_since_ && !is_starting_) busy_since_ = now_;
  }
  if (!is_in_transaction()) {
    transaction_since_.reset();
  } else if (!transaction_since_) {
    transaction_since_ = now_;
  }
}

// A cancel ends waiting at once; at a server it is the server that decides.
void SessionCore::handle(const CancelAsked&) {
  if (is_closed_ || is_starting_) return;
  if (waiting_ == Waiting::lease || waiting_ == Waiting::node) {
    if (waiting_ == Waiting::lease) out_->push(ForgetLease{});
    waiting_ = Waiting::nothing;
    waiting_since_.reset();
    retry_at_.reset();
    pending_error_ = Error{ErrorCode::canceled, "canceling statement due to user request"};
    return;
  }
  if (waiting_ == Waiting::fate) return handle(CommitFate{CommitOutcome::unknown});
  if (owes()) out_->push(SendCancel{backend_});
}

}  // namespace howdah
