// One request that has been sent to a server, or is being sent: a simple Query, a FunctionCall, or an extended batch up to
// its Sync. It ends in exactly one ReadyForQuery. What is kept about it decides what happens when the server dies.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sql_router/traits.hpp"

namespace howdah {

// A statement of ours inside a client's string, behind a RESET.
struct PutBack {
  std::uint32_t behind = 0;       // the client's statement, from 0
  std::size_t position = 0;       // where it was put, in characters of the client's text
  std::size_t length = 0;         // in characters
  SessionStep set;
};

// Of the transaction the client is in, with nothing begun behind it.
constexpr bool is_plain_end(TransactionControl control) {
  return control == TransactionControl::commit || control == TransactionControl::rollback;
}

// Of a two-phase commit: what ends a transaction that was prepared before.
constexpr bool is_second_phase(TransactionControl control) {
  return control == TransactionControl::commit_prepared || control == TransactionControl::rollback_prepared;
}

// Behind settings of ours that are not answered yet. A statement that would end the failed transaction might be followed by
// others; one that pins is not sent twice.
inline bool may_follow_settings(const Traits& traits) { return !traits.has_transaction_control && traits.pins.is_empty(); }

// SET TRANSACTION, which must come before the first query of its transaction.
inline bool sets_modes(const Traits& traits) {
  return traits.modes_scope == ModesScope::this_transaction && traits.transaction == TransactionControl::none;
}
inline bool sets_only_modes(const Traits& traits) { return traits.statement_count == 1 && sets_modes(traits); }

// What a failed transaction accepts.
constexpr bool leaves_failure(StatementKind kind) {
  return kind == StatementKind::commit || kind == StatementKind::rollback || kind == StatementKind::rollback_to ||
         kind == StatementKind::prepare_transaction;
}

struct ControlPortal {
  std::string portal;
  TransactionControl control;
  bool leaves_failure;
};

struct Request {
  std::size_t retained = 0;              // its bytes, kept for running it again
  bool is_complete = false;              // its Query or Sync has been sent
  bool is_at_hand = false;               // ... or the client has sent it
  bool is_simple = false;                // a Query
  bool is_followed = false;              // ... whose string goes on in another: its ReadyForQuery is not the client's
  bool is_rerunnable = false;            // a read outside a transaction whose bytes are all kept
  bool is_second_phase = false;          // whose bytes are kept, too
  bool may_replan = false;               // also kept: a batch outside a transaction that binds what was prepared before
  bool is_write_apart = false;           // also kept: a write outside a transaction, or its first; refused, it has done nothing
  bool is_beyond_scan = false;           // its messages are looked at one by one: they come after a Flush, or are many
  bool has_forwarded = false;            // the client has seen a part of its answer
  bool has_error = false;                // that part is an ErrorResponse
  bool may_write = false;                // also in a transaction
  bool has_transaction_control = false;  // the transaction status after it is known only from its answer
  bool is_wrapped = false;               // a write outside a transaction, whose COMMIT waits for the id (wrapped_write.cpp)
  bool brings_commit = false;            // ... and which is a whole transaction of the client's; else it runs in one of ours
  bool is_commit_sent = false;           // that COMMIT
  bool is_copy = false;                  // some statement of it is a COPY
  bool may_end_transaction = false;      // some statement of it may
  // What the messages of a batch have made of the transaction so far; whether it has begun or ended, on a replica only.
  std::vector<ControlPortal> control_portals = {};  // bound, not executed yet
  bool has_begun_transaction = false;    // a BEGIN has been sent to be executed, and no end behind it
  bool has_ended_transaction = false;    // the other way round
  bool has_left_failure = false;         // an end of the failed transaction, or ROLLBACK TO, has been sent to be executed
  bool has_query_names = false;          // of an open batch: what the Query that ends it needs has been made
  bool is_barrier = false;               // nothing may be sent behind it until it is answered
  TransactionControl control = TransactionControl::none;  // of a request that is one statement
  bool is_one_statement = false;
  bool is_end_told = false;              // a Query whose CommandComplete the client has got
  bool has_run_nothing = false;          // the error was found before its statement ran
  bool has_pinned = false;
  PinReasons pinned = {};                // what tied the session first in this request
  bool may_unpin = false;                // it may have taken away what ties the session
  bool is_newly_opaque = false;          // pinned the session only because its text could not be read
  Unpins unpins = {};
  bool is_behind_settings = false;       // sent behind settings of ours that are not answered: if they fail, it does not run
  bool has_steps = false;                // some of its statements change settings or divide the transaction
  TraitsPtr steps_of = {};               // of a Query: the text with these statements
  std::uint32_t statements_done = 0;     // of that Query
  std::vector<PutBack> put_back = {};    // statements of ours in that Query, in their order
  std::size_t put_back_done = 0;

  void note_control_bound(std::string_view portal, const Traits& traits);
  void note_executed(std::string_view portal, bool is_on_replica);
  // What comes next may need another server than what the batch began with.
  bool may_leave_replica() const { return is_beyond_scan || has_ended_transaction; }
  void note_answered_here() { is_rerunnable = is_write_apart = false, has_forwarded = true; }
  // From here on a part of it is nowhere but with the server.
  void cannot_run_again() { is_rerunnable = is_behind_settings = may_replan = is_write_apart = false; }
};

// A queue whose memory is kept.
class RequestQueue {
 public:
  bool empty() const { return head_ == requests_.size(); }
  std::size_t size() const { return requests_.size() - head_; }
  Request& front() { return requests_[head_]; }
  const Request& front() const { return requests_[head_]; }
  Request& back() { return requests_.back(); }
  const Request& back() const { return requests_.back(); }
  auto begin() { return requests_.begin() + static_cast<std::ptrdiff_t>(head_); }
  auto end() { return requests_.end(); }
  auto begin() const { return requests_.begin() + static_cast<std::ptrdiff_t>(head_); }
  auto end() const { return requests_.end(); }
  void push(Request request) {
    if (empty()) clear();
    requests_.push_back(std::move(request));
  }
  void merge_second_into_front() {
    Request second = std::move(requests_[head_ + 1]);
    requests_.erase(requests_.begin() + static_cast<std::ptrdiff_t>(head_) + 1);
    Request& first = front();
    first.retained += second.retained;
    first.is_complete = second.is_complete;
    first.may_write |= second.may_write;
    first.has_transaction_control |= second.has_transaction_control;
    first.may_end_transaction |= second.may_end_transaction;
    first.is_barrier |= second.is_barrier;
    first.has_steps |= second.has_steps;
    first.is_rerunnable = first.may_replan = first.is_write_apart = false;
  }
  // Whether what is in flight leaves the transaction as the client was told it is.
  bool is_status_certain() const;
  // The answer that comes now belongs to a statement of ours.
  bool is_in_put_back() const;
  void pop_back() { requests_.pop_back(); }
  void pop_front() {
    ++head_;
    constexpr std::size_t kCompactAt = 64;
    if (head_ < kCompactAt || head_ * 2 < requests_.size()) return;
    requests_.erase(requests_.begin(), begin());
    head_ = 0;
  }
  void clear() {
    requests_.clear();
    head_ = 0;
  }

 private:
  std::vector<Request> requests_;
  std::size_t head_ = 0;
};

}  // namespace howdah
