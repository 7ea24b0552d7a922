// The session of a client of the PgBouncer console (database "pgbouncer"): what it sends is a command for the gateway
// itself, and no server connection is ever wanted. Both protocols; one command per message. The text of a command goes
// out as AskLocal and its answer comes back as LocalAnswer; what it means is decided in pcp/console.
//
// A reactor like Session, which hands its events on. Pure; on one worker's thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/session/scratch.hpp"
#include "gateway/session/session.hpp"

namespace howdah {

class ConsoleSession {
 public:
  ConsoleSession(ClientIdentity identity, Surroundings& surroundings);

  void on(const session::Event& event, Instant now, Actions<session::Action>& out);
  bool wants_client_bytes() const { return !is_closed_ && held_.size() < kLongestMessage; }
  SessionState state() const;
  const ClientIdentity& identity() const { return identity_; }
  const std::string& last_command() const { return last_command_; }
  std::optional<Instant> idle_since() const { return is_waiting_ ? std::nullopt : std::optional(idle_since_); }
  std::optional<Instant> busy_since() const { return is_waiting_ ? std::optional(busy_since_) : std::nullopt; }

 private:
  static constexpr std::size_t kLongestMessage = 64 * 1024;  // a command has a few words

  struct Portal {
    std::string sql;
    std::vector<std::uint16_t> formats;
    std::optional<TextTable> table;
    std::size_t rows_sent = 0;
  };

  void handle(const session::LoggedIn& event);
  void handle(const session::ClientBytes& event);
  void handle(const session::ClientGone& event);
  void handle(const session::LocalAnswer& event);
  void handle(const session::CancelAsked& event);
  void handle(const session::ShutDown& event);
  void handle(const session::Evicted& event);
  void handle(const auto&) {}  // servers, leases and views are no matter of the console's

  void advance();
  // True if the message is done with; false: its command has been asked, and it comes again with the answer.
  bool take(char tag, Bytes body);
  bool take_query(Bytes body);
  void take_parse(Bytes body);
  void take_bind(Bytes body);
  bool take_describe(Bytes body);
  bool take_execute(Bytes body);
  void take_close(Bytes body);
  // The answer to the command, or nothing: it has been asked for.
  std::optional<Result<TextTable>> ask(std::string_view sql);
  // True if portal.table is there, or the error was told.
  bool has_table(Portal& portal);
  void append_notice(const TextTable& table);
  void append_ready();
  void fail(const Error& error);  // of an extended message: skips to Sync
  void close_with(const Error& error, CloseReason reason);
  void close(CloseReason reason);

  ClientIdentity identity_;
  Surroundings& env_;
  TrafficCounters& traffic_;
  Actions<session::Action>* out_ = nullptr;  // for the time of one on()
  std::string reply_;                        // bytes for the client; kept until the next on()
  ByteQueue held_;
  std::map<std::string, std::string, std::less<>> statements_;
  std::map<std::string, Portal, std::less<>> portals_;
  std::optional<Result<TextTable>> answer_;
  std::string last_command_;
  Instant now_ = {};
  Instant idle_since_ = {};
  Instant busy_since_ = {};
  bool is_waiting_ = false;
  bool is_skipping_ = false;  // up to Sync, after an error
  bool is_shutting_down_ = false;
  bool is_closed_ = false;
  std::optional<CloseReason> close_reason_;
};

}  // namespace howdah
