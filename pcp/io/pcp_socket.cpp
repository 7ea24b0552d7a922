#include "pcp/io/pcp_socket.hpp"

#include "base/assert.hpp"
#include "base/overloaded.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <openssl/rand.h>

#include <algorithm>
#include <utility>

namespace howdah::pcp {

namespace {

namespace asio = boost::asio;

constexpr Duration kWriteTime = 30s;  // for a client to take an answer; a report is kilobytes

Instant now() {
  return Instant(std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch()));
}

Salt draw_salt() {
  Salt salt{};
  HOWDAH_ASSERT(RAND_bytes(reinterpret_cast<unsigned char*>(salt.data()), static_cast<int>(salt.size())) == 1);
  return salt;
}

}  // namespace

PcpSocket::PcpSocket(Socket socket, std::string peer, Duration login_time, Surroundings surroundings)
    : socket_(std::move(socket)),
      timer_(socket_.get_executor()),
      surroundings_(std::move(surroundings)),
      connection_(std::move(peer), now(), login_time, surroundings_.log) {}

void PcpSocket::start() {
  arm_timer();
  read();
}

void PcpSocket::close() {
  is_closing_ = true;
  if (in_flight_.empty() && unsent_.empty()) end();
}

// Commands may answer before they return; their answers queue up instead of nesting.
void PcpSocket::feed(ConnectionEvent event) {
  events_.push_back(std::move(event));
  if (is_feeding_) return;
  is_feeding_ = true;
  while (!events_.empty()) {
    const ConnectionEvent next = std::move(events_.front());
    events_.pop_front();
    actions_.clear();
    connection_.on(next, now(), actions_);
    for (ConnectionAction& action : actions_) act(action);
  }
  is_feeding_ = false;
  write();
  read();
  arm_timer();
}

void PcpSocket::act(ConnectionAction& action) {
  const auto answer = [weak = weak_from_this()](Outcome outcome) {
    if (const auto self = weak.lock(); self && !self->is_ended_) self->feed(CommandDone{std::move(outcome)});
  };
  std::visit(
      Overloaded{
          [&](const Send& send) { unsent_ += send.bytes; },
          [&](const DrawSalt&) { feed(SaltDrawn{draw_salt()}); },
          [&](const LookUpUser& wanted) { feed(UserFound{surroundings_.look_up_user(wanted.user)}); },
          [&](const RunCommand& run) { run.command->run(*run.command, run.arguments, surroundings_.surface, answer); },
          [&](const Close&) { is_closing_ = true; },
      },
      action);
}

void PcpSocket::read() {
  if (is_reading_ || is_closing_ || is_ended_ || !in_flight_.empty() || !connection_.wants_bytes()) return;
  is_reading_ = true;
  socket_.async_read_some(asio::buffer(input_),
                          [self = shared_from_this()](const boost::system::error_code& error, std::size_t size) {
                            self->is_reading_ = false;
                            if (error) return self->end();
                            if (!self->is_ended_ && !self->is_closing_)
                              self->feed(Received{Bytes(self->input_).first(size)});
                          });
}

void PcpSocket::write() {
  if (is_ended_ || !in_flight_.empty()) return;
  if (unsent_.empty()) {
    if (is_closing_) end();
    return;
  }
  in_flight_ = std::exchange(unsent_, {});
  write_deadline_ = now() + kWriteTime;
  asio::async_write(socket_, asio::buffer(in_flight_),
                    [self = shared_from_this()](const boost::system::error_code& error, std::size_t) {
                      self->in_flight_.clear();
                      self->write_deadline_.reset();
                      if (error) return self->end();
                      self->write();
                      self->read();
                      self->arm_timer();
                    });
}

void PcpSocket::arm_timer() {
  auto deadline = connection_.next_deadline();
  if (write_deadline_) deadline = std::min(deadline.value_or(*write_deadline_), *write_deadline_);
  if (is_ended_ || !deadline) {
    timer_.cancel();
    return;
  }
  timer_.expires_after(std::max(*deadline - now(), Duration{0}));
  timer_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
    if (error || self->is_ended_) return;
    if (self->write_deadline_ && now() >= *self->write_deadline_) return self->end();
    self->feed(Tick{});
  });
}

void PcpSocket::end() {
  if (std::exchange(is_ended_, true)) return;
  boost::system::error_code ignored;  // the other side may be gone already
  timer_.cancel();
  socket_.shutdown(Socket::shutdown_both, ignored);
  socket_.close(ignored);
  surroundings_.on_closed(*this);
}

}  // namespace howdah::pcp
