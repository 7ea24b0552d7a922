// What one server connection still owes: one entry per message that will be answered, in the order sent. Each entry says
// whether the answer is for the client or is to be swallowed because we put the message in ourselves. Entries of kind
// `local` are bytes of ours that belong between answers of the server (a CloseComplete the server was never asked for).
//
// This is what keeps one client's rows from another: a connection is reused only when the ledger is empty and the last
// word was ReadyForQuery 'I'. It follows the PostgreSQL manual, "Message Flow": after an ErrorResponse in the extended
// protocol the server skips everything up to Sync; during COPY FROM STDIN it ignores Sync and Flush; NoticeResponse,
// ParameterStatus and NotificationResponse may come at any time and answer nothing.
// Pure; owned by a Backend, used by whoever holds its lease.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/instant.hpp"
#include "gateway/wire/server_messages.hpp"
#include "sql_router/verdict.hpp"

namespace howdah {

enum class AnswerKind : std::uint8_t {
  query,          // ends at ReadyForQuery
  function_call,  // ends at ReadyForQuery
  parse,
  bind,
  describe,
  execute,
  close,
  sync,      // ends at ReadyForQuery
  local,     // `text` goes out when everything before it has been answered
  copy_end,  // CopyDone or CopyFail was sent here; answered by nothing of its own
};

enum class Audience : std::uint8_t { client, nobody };

using wire::TransactionStatus;

struct Owed {
  AnswerKind kind = AnswerKind::query;
  Audience audience = Audience::client;
  std::uint64_t tag = 0;  // the sender's own mark, e.g. which prepared statement a Parse makes
  std::string text = {};  // local: the bytes; otherwise, if not empty: what the client is told instead of its error
  std::string name = {};  // the client's name of the statement a Parse makes or a Close removes
  std::uint64_t statement = 0;  // StatementStatistics::Handle; 0: its answer is not counted
  RouteReason reason = RouteReason::read;
  Instant sent_at = {};
};

enum class Fate : std::uint8_t {
  forward,
  swallow,
  aside,   // NoticeResponse, ParameterStatus, NotificationResponse: answers nothing owed
  broken,  // the server says what nobody asked for: close it
};

class ReplyLedger {
 public:
  // A message has been sent. Inside a part the server will skip (after an error, before Sync) this is forgotten at once.
  void owe(Owed owed);

  // The server's next message. `status` is ReadyForQuery's byte and ignored for other types. Afterwards ended() tells
  // whether this completed an entry, and dropped() lists the entries the server will never answer.
  Fate accept(char type, char status = 0);
  const Owed* ended() const { return has_ended_ ? &ended_ : nullptr; }
  std::span<const Owed> dropped() const { return dropped_; }

  // Local entries whose turn has come: call until false after each accept() and owe().
  bool take_local(Owed& out);

  // From now on nothing of what is owed is for the client: what remains is only drained.
  void swallow_all();
  void end_draining() { is_draining_ = false; }

  bool is_empty() const { return head_ == entries_.size(); }
  std::size_t size() const { return entries_.size() - head_; }
  const Owed* front() const { return is_empty() ? nullptr : &entries_[head_]; }
  std::span<const Owed> entries() const { return {entries_.data() + head_, size()}; }
  // Those of complete groups: up to the last Sync, Query or FunctionCall. What follows them is skipped, if at all, together.
  std::span<const Owed> complete_groups() const;

  TransactionStatus status() const { return status_; }
  bool is_skipping() const { return is_skipping_; }        // the server discards all up to a Sync not sent yet
  bool is_in_copy_in() const { return is_in_copy_in_; }    // waits for CopyData; the CopyDone has not been sent
  bool is_in_extended() const { return is_in_extended_; }  // messages were sent since the last Sync
  bool is_settled() const;                                 // owes nothing and its last word was ReadyForQuery 'I'

 private:
  Fate accept_error();
  Fate accept_ready(char status);
  Fate accept_copy_in();
  Fate end_front();
  Fate pass_front() const;
  void pop_front();
  void drop_until_sync();

  std::vector<Owed> entries_;  // [head_, end) are owed; emptied as a whole so that a steady state allocates nothing
  std::size_t head_ = 0;
  std::vector<Owed> dropped_;
  Owed ended_;
  bool has_ended_ = false;
  TransactionStatus status_ = TransactionStatus::idle;
  bool is_draining_ = false;
  bool is_skipping_ = false;
  bool is_in_copy_in_ = false;
  bool is_in_extended_ = false;
};

}  // namespace howdah
