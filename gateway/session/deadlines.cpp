// Time: each limit is one row of deadline_of(), and what happens at it one row of check_deadlines().
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "gateway/session/session_core.hpp"

namespace howdah {

using namespace session;

namespace {

std::optional<Instant> after(std::optional<Instant> since, Duration limit) {
  if (!since || limit == Duration{}) return std::nullopt;
  return *since + limit;
}

struct FatalLimit {
  ErrorCode code;
  std::string_view text;     // PostgreSQL's, where it has that limit too
  std::string_view setting;  // for the hint
};
constexpr std::array kFatalLimits{
    FatalLimit{ErrorCode::query_timeout, "query timeout", "query_timeout"},
    FatalLimit{ErrorCode::transaction_timeout, "terminating connection due to transaction timeout", "transaction_timeout"},
    FatalLimit{ErrorCode::idle_transaction_timeout, "terminating connection due to idle-in-transaction timeout",
               "idle_transaction_timeout"},
    FatalLimit{ErrorCode::client_idle_timeout, "terminating connection due to idle timeout", "client_idle_limit"},
};

Error error_of(const FatalLimit& limit) {
  return {.code = limit.code,
          .message = std::string(limit.text),
          .hint = fmt::format("The gateway's {} has passed.", limit.setting)};
}

}  // namespace

std::optional<Instant> SessionCore::deadline_of(ErrorCode code) const {
  switch (code) {
    case ErrorCode::no_primary:  // also a lease that was refused before
      return after(waiting_ == Waiting::node ? since_.waiting : std::nullopt, options_.primary_wait_timeout);
    case ErrorCode::transaction_lost: return replay_deadline();
    case ErrorCode::pool_wait_timeout: {  // the pool refuses who waits too long; before that, it is told so, once for each wait
      const bool is_waiting = (waiting_ == Waiting::lease || waiting_ == Waiting::node) && !is_starting_ && !is_replaying();
      const bool may_be_told = is_waiting && !answer_.is_mid_message && since_.told_waiting != since_.waiting;
      return after(may_be_told ? since_.waiting : std::nullopt, options_.query_wait_notify);
    }
    case ErrorCode::query_timeout: return after(since_.busy, options_.query_timeout);
    case ErrorCode::transaction_timeout: return after(since_.transaction, options_.transaction_timeout);
    case ErrorCode::idle_transaction_timeout:
      return after(is_in_transaction() ? since_.idle : std::nullopt, options_.idle_transaction_timeout);
    case ErrorCode::client_idle_timeout:
      return after(is_in_transaction() ? std::nullopt : since_.idle, client_idle_limit());
    default: return std::nullopt;
  }
}

std::optional<Instant> SessionCore::next_deadline() const {
  if (is_closed_) return std::nullopt;
  std::optional<Instant> next = waiting_ == Waiting::node ? since_.retry_at : std::nullopt;
  const auto consider = [&](std::optional<Instant> deadline) {
    if (deadline && (!next || *deadline < *next)) next = deadline;
  };
  consider(deadline_of(ErrorCode::no_primary));
  consider(deadline_of(ErrorCode::transaction_lost));
  consider(sequence_look_time());
  consider(word_deadline());
  consider(deadline_of(ErrorCode::pool_wait_timeout));
  if (waiting_ == Waiting::lease || waiting_ == Waiting::node) consider(prepared_.later_at);
  const bool is_collecting = can_consume() && !owes() && !is_batch_open_ && !local_.is_batch_open && !input_.is_discarding;
  if (is_collecting && since_.unended) consider(*since_.unended + kSilence);
  for (const FatalLimit& limit : kFatalLimits) consider(deadline_of(limit.code));
  return next;
}

void SessionCore::handle(const Tick&) {
  if (is_closed_) return;
  if (const auto look = sequence_look_time(); look && *look <= now_) look_who_waits();
  if (const auto notify = deadline_of(ErrorCode::pool_wait_timeout); notify && *notify <= now_) {
    since_.told_waiting = since_.waiting;
    build_.clear();
    wire::append_notice(build_, {.message = "No server connection available in postgres backend, client being queued"});
    to_client_copy(as_bytes(build_));
  }
  check_deadlines();
}

void SessionCore::check_deadlines() {
  const auto is_due = [&](std::optional<Instant> deadline) { return deadline && *deadline <= now_; };
  for (const FatalLimit& limit : kFatalLimits) {
    if (!is_due(deadline_of(limit.code))) continue;
    if (owes()) out_->push(SendCancel{backend_});
    return close_with(error_of(limit), CloseReason::timed_out);
  }
  if (is_due(word_deadline())) return end_as_told();
  if (is_due(prepared_.later_at) && (waiting_ == Waiting::lease || waiting_ == Waiting::node)) {
    stop_waiting_to_prepare();
  } else if (is_due(deadline_of(ErrorCode::transaction_lost))) {
    abandon_replay(std::nullopt);
  } else if (is_due(deadline_of(ErrorCode::no_primary))) {
    waiting_ = Waiting::nothing;
    since_.waiting.reset();
    since_.retry_at.reset();
    const Error error{.code = wait_error_,
                      .message = "no server that can run this statement became available in time",
                      .hint = "primary_wait_timeout says how long statements wait for one."};
    if (is_starting_) return close_with(error, CloseReason::login_refused);
    input_.pending_error = error;
  } else if (waiting_ == Waiting::node && is_due(since_.retry_at)) {
    waiting_ = Waiting::nothing;
    since_.retry_at.reset();
    rerun_.avoided_node.reset();
    if (is_starting_) start();
  }
}

// Starts and stops the clocks after an event.
void SessionCore::touch_clocks() {
  const bool is_busy = !requests_.empty() || waiting_ != Waiting::nothing;
  if (!is_busy) {
    since_.busy.reset();
    if (!since_.idle) since_.idle = now_;
  } else {
    since_.idle.reset();
    if (!since_.busy && !is_starting_) since_.busy = now_;
  }
  if (!is_in_transaction()) {
    since_.transaction.reset();
  } else if (!since_.transaction) {
    since_.transaction = now_;
  }
}

// A cancel ends waiting at once; at a server it is the server that decides.
void SessionCore::handle(const CancelAsked&) {
  if (is_closed_ || is_starting_) return;
  if (is_replaying()) return cancel_replay();
  if (waiting_ == Waiting::lease || waiting_ == Waiting::node) {
    if (waiting_ == Waiting::lease) out_->push(ForgetLease{});
    waiting_ = Waiting::nothing;
    since_.waiting.reset();
    since_.retry_at.reset();
    rerun_.word.reset();
    rerun_.refusal.reset();
    input_.pending_error = Error{ErrorCode::canceled, "canceling statement due to user request"};
    return;
  }
  if (waiting_ == Waiting::fate) return handle(CommitFate{CommitOutcome::unknown});
  if (owes()) out_->push(SendCancel{backend_});
}

}  // namespace howdah
