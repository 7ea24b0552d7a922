#include "pcp/connection.hpp"

#include "base/overloaded.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace howdah::pcp {

namespace {

Failure login_failure(std::string_view user) {
  return {.severity = Severity::fatal,
          .message = fmt::format("authentication failed for user \"{}\"", user),
          .detail = "username and/or password does not match"};
}

// What goes into a log line must not be able to forge another one.
std::string printable(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == '\x7f'; }, '?');
  return text;
}

}  // namespace

Connection::Connection(std::string peer, Instant now, Duration login_time, Log& log)
    : peer_(std::move(peer)), log_(log), login_deadline_(now + login_time) {}

void Connection::on(const ConnectionEvent& event, Instant now, Actions<ConnectionAction>& out) {
  if (state_ == State::closed) return;
  std::visit(Overloaded{
                 [&](const Received& received) { reader_.feed(received.bytes); },
                 [&](const SaltDrawn& drawn) {
                   salt_ = drawn.salt;
                   state_ = State::ready;
                   std::string reply;
                   append_frame(reply, 'm', as_text(drawn.salt));
                   out.push(Send{std::move(reply)});
                 },
                 [&](const UserFound& found) { finish_login(found, out); },
                 [&](const CommandDone& done) { finish_command(done, out); },
                 [&](const Tick&) {
                   if (is_logged_in() || now < login_deadline_) return;
                   log_.info("pcp login took too long peer={}", peer_);
                   close(out);
                 },
             },
             event);
  take_requests(out);
}

std::optional<Instant> Connection::next_deadline() const {
  if (is_logged_in() || state_ == State::closed) return std::nullopt;
  return login_deadline_;
}

void Connection::take_requests(Actions<ConnectionAction>& out) {
  while (state_ == State::ready) {
    const auto frame = reader_.next();
    if (!frame) break;
    take(*frame, out);
  }
  if (state_ == State::ready && reader_.bad_length())
    fail({.severity = Severity::fatal,
          .message = "invalid PCP packet",
          .detail = fmt::format("incorrect packet length ({})", *reader_.bad_length())},
         out);
}

void Connection::take(const Frame& frame, Actions<ConnectionAction>& out) {
  switch (frame.letter) {
    case 'M':
      state_ = State::drawing_salt;
      out.push(DrawSalt{});
      return;
    case 'R':
      return take_login(frame, out);
    case 'X':
      return close(out);
    default:
      return take_command(frame, out);
  }
}

// A salt serves one attempt, so it is required here and used up in finish_login.
void Connection::take_login(const Frame& frame, Actions<ConnectionAction>& out) {
  const auto texts = split_texts(frame.payload);
  claimed_user_ = texts.empty() ? "" : texts[0];
  claimed_answer_ = texts.size() < 2 ? "" : texts[1];
  const bool is_sane = !claimed_user_.empty() && claimed_user_.size() <= kMaxCredentialLength &&
                       claimed_answer_.size() <= kMaxCredentialLength;
  if (!salt_ || !is_sane) return fail(login_failure(claimed_user_), out);
  state_ = State::looking_up_user;
  out.push(LookUpUser{claimed_user_});
}

void Connection::finish_login(const UserFound& found, Actions<ConnectionAction>& out) {
  state_ = State::ready;
  const Salt salt = *std::exchange(salt_, std::nullopt);
  if (!found.stored) log_.warn("pcp users unreadable reason=\"{}\"", to_text(found.stored.error()));
  if (!found.stored || !is_right_answer(claimed_answer_, *found.stored, claimed_user_, salt)) {
    log_.info("pcp login refused user={} peer={}", printable(claimed_user_), peer_);
    return fail(login_failure(claimed_user_), out);
  }
  user_ = claimed_user_;
  log_.debug("pcp login user={} peer={}", printable(user_), peer_);
  std::string reply;
  append_texts(reply, 'r', {"AuthenticationOK"});
  out.push(Send{std::move(reply)});
}

void Connection::take_command(const Frame& frame, Actions<ConnectionAction>& out) {
  if (!is_logged_in())
    return fail({.severity = Severity::fatal,
                 .message = "authentication failed for new PCP connection",
                 .detail = "connection not authorized"},
                out);
  running_ = find_command(frame.letter);
  if (running_ == nullptr)
    return fail({.severity = Severity::fatal,
                 .message = "PCP processing request",
                 .detail = fmt::format("unknown PCP packet type \"{}\"", frame.letter)},
                out);
  state_ = State::running;
  out.push(RunCommand{running_, parse_arguments(running_->arguments, frame.payload)});
}

void Connection::finish_command(const CommandDone& done, Actions<ConnectionAction>& out) {
  state_ = State::ready;
  if (const Failure* failure = std::get_if<Failure>(&done.outcome)) {
    log_.info("pcp command failed command={} user={} peer={} reason=\"{}\"", running_->name, printable(user_), peer_,
              failure->message);
    return fail(*failure, out);
  }
  const LogLevel level = running_->effect == Effect::changes ? LogLevel::info : LogLevel::debug;
  log_.log(level, "pcp command done command={} user={} peer={}", running_->name, printable(user_), peer_);
  const std::string& packets = std::get<std::string>(done.outcome);
  if (!packets.empty()) out.push(Send{packets});
}

void Connection::fail(const Failure& failure, Actions<ConnectionAction>& out) {
  std::string bytes;
  append_failure(bytes, failure);
  out.push(Send{std::move(bytes)});
  if (failure.is_fatal()) close(out);
}

void Connection::close(Actions<ConnectionAction>& out) {
  state_ = State::closed;
  out.push(Close{});
}

}  // namespace howdah::pcp
