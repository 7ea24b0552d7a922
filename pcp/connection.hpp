// One PCP connection as a reactor: bytes in; packets, questions and the end out. It decides who may do what and in
// which order; commands themselves run in the shell, through the table of commands.cpp.
//
// One thing at a time: while a question (salt, user, command) is open, further requests wait in the buffer, and the
// shell should not read more (wants_bytes()). Every question must be answered by its event. Control thread only.
#pragma once

#include "base/actions.hpp"
#include "base/bytes.hpp"
#include "base/instant.hpp"
#include "base/log.hpp"
#include "base/result.hpp"
#include "pcp/command.hpp"
#include "pcp/frame.hpp"
#include "pcp/login.hpp"

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace howdah::pcp {

// ---- what happens
struct Received {
  Bytes bytes;
};
struct SaltDrawn {
  Salt salt;
};
// What pcp.conf holds for the asked user: md5hex(password) texts, none if unknown. An error: pcp.conf cannot be read.
struct UserFound {
  Result<std::vector<std::string>> stored;
};
struct CommandDone {
  Outcome outcome;
};
struct Tick {};
using ConnectionEvent = std::variant<Received, SaltDrawn, UserFound, CommandDone, Tick>;

// ---- what is to be done, in order
struct Send {
  std::string bytes;
};
struct DrawSalt {};  // four bytes nobody can guess; answered by SaltDrawn
struct LookUpUser {  // read pcp.conf anew; answered by UserFound
  std::string user;
};
struct RunCommand {  // answered by CommandDone
  const Command* command;
  Arguments arguments;
};
struct Close {};  // after what was sent before has left; nothing follows
using ConnectionAction = std::variant<Send, DrawSalt, LookUpUser, RunCommand, Close>;

class Connection {
 public:
  // `peer` names the other side in the log. Who has not logged in when `login_time` is over is closed.
  Connection(std::string peer, Instant now, Duration login_time, Log& log);

  void on(const ConnectionEvent& event, Instant now, Actions<ConnectionAction>& out);
  std::optional<Instant> next_deadline() const;

  bool wants_bytes() const { return state_ == State::ready; }
  bool is_logged_in() const { return !user_.empty(); }

 private:
  enum class State { ready, drawing_salt, looking_up_user, running, closed };

  void take_requests(Actions<ConnectionAction>& out);
  void take(const Frame& frame, Actions<ConnectionAction>& out);
  void take_login(const Frame& frame, Actions<ConnectionAction>& out);
  void finish_login(const UserFound& found, Actions<ConnectionAction>& out);
  void take_command(const Frame& frame, Actions<ConnectionAction>& out);
  void finish_command(const CommandDone& done, Actions<ConnectionAction>& out);
  void fail(const Failure& failure, Actions<ConnectionAction>& out);
  void close(Actions<ConnectionAction>& out);

  std::string peer_;
  Log& log_;
  Instant login_deadline_;
  FrameReader reader_{kMaxRequestLength};
  State state_ = State::ready;
  std::string user_;          // logged in as; empty: nobody yet
  std::optional<Salt> salt_;  // drawn and not used yet
  std::string claimed_user_;  // of the login being checked
  std::string claimed_answer_;
  const Command* running_ = nullptr;
};

}  // namespace howdah::pcp
