#include "gateway/io/backend_link.hpp"

#include <fmt/format.h>

#include "base/overloaded.hpp"
#include "gateway/wire/client_messages.hpp"

namespace howdah {

namespace {

// libpq's sslmode as the attempts it makes, in reverse order.
std::vector<WantedTls> attempts_of(TlsMode mode) {
  switch (mode) {
    case TlsMode::disable: return {WantedTls::never};
    case TlsMode::allow: return {WantedTls::always, WantedTls::never};
    case TlsMode::prefer: return {WantedTls::never, WantedTls::if_offered};
    case TlsMode::require:
    case TlsMode::verify_ca:
    case TlsMode::verify_full: return {WantedTls::always};
  }
  return {WantedTls::never};
}

// What a server takes in without reading: less than the smallest receive window.
constexpr std::size_t kSurelyTaken = 32 * 1024;

}  // namespace

void BackendLink::open(DialTarget target, login::ServerLoginFacts facts) {
  target_ = std::move(target);
  facts_ = std::move(facts);
  const bool is_unix = target_.host.starts_with('/');
  attempts_ = attempts_of(target_.tls && !is_unix ? target_.tls->mode() : TlsMode::disable);
  timer_ = std::make_unique<Timer>(parts_.reactor.timers(), [this] { time_out(); });
  if (target_.timeout.count() > 0) timer_->set(parts_.reactor.now() + target_.timeout);
  dial();
}

void BackendLink::dial() {
  const WantedTls wanted = attempts_.back();
  attempts_.pop_back();
  state_ = State::dialling;
  DialTarget target = target_;
  target.timeout = {};  // ours counts for all of it
  dial_ = std::make_unique<Dial>(parts_, std::move(target), wanted,
                                 [this](Result<Dialled> dialled) { on_dialled(std::move(dialled)); });
}

void BackendLink::time_out() {
  attempts_.clear();
  const bool was_reached = state_ == State::logging_in;
  dial_.reset();
  if (was_reached)
    return fail({Error{ErrorCode::backend_login_failed,
                       fmt::format("login at server \"{}\", port {} timed out", target_.host, target_.port)},
                 true});
  fail({Error{ErrorCode::backend_connection_lost,
              fmt::format("connection to server at \"{}\", port {} failed: timeout expired", target_.host, target_.port)},
        false});
}

void BackendLink::on_dialled(Result<Dialled> dialled) {
  if (!dialled) {
    if (!dial_->has_connected()) attempts_.clear();  // TLS or not makes no difference to that
    return fail({dialled.error(), false});
  }
  link_.emplace(parts_.reactor, std::move(dialled->channel), static_cast<Link::Owner&>(*this));
  state_ = State::logging_in;
  facts_.tls_binding = link_->tls() != nullptr ? peer_binding(link_->tls()) : std::string{};
  login_.emplace(facts_);
  std::string out;
  login_->start(out);
  link_->write(as_bytes(out));
}

void BackendLink::adopt(Channel channel, DialTarget target) {
  target_ = std::move(target);
  link_.emplace(parts_.reactor, std::move(channel), static_cast<Link::Owner&>(*this));
  state_ = State::open;
}

void BackendLink::close() {
  if (state_ == State::open) {
    std::string goodbye;
    wire::append_terminate(goodbye);
    link_->write(as_bytes(goodbye));
  }
  state_ = State::closed;
  if (link_) link_->pause_reading();
}

// The kernel's user timeout notices a silent network, but it also ends a connection whose server only does not read for a
// while, as one does that waits for a lock in the middle of a COPY. So it is off while that may be.
void BackendLink::write(std::span<const Bytes> pieces) {
  for (const Bytes& piece : pieces) unanswered_ += piece.size();
  if (!is_patient_ && unanswered_ > kSurelyTaken && target_.tcp.user_timeout.count() == 0) {
    is_patient_ = true;
    set_user_timeout(link_->fd(), milliseconds{0});
  }
  link_->write(pieces);
}

void BackendLink::note_settled() {
  unanswered_ = 0;
  if (state_ == State::open && std::exchange(is_patient_, false)) set_user_timeout(link_->fd(), target_.tcp.reader_timeout);
}

void BackendLink::on_link_readable() {
  if (state_ == State::closed) return;  // was told in this very turn, and is destroyed at its end
  const ReadResult read = link_->read(parts_.buffer);
  switch (read.status) {
    case ReadStatus::nothing_yet: return;
    case ReadStatus::bytes:
      if (state_ == State::open) return owner_.on_backend_bytes(*this, Bytes(parts_.buffer.data(), read.size));
      return log_in(Bytes(parts_.buffer.data(), read.size));
    case ReadStatus::ended:
    case ReadStatus::broken:
      if (state_ == State::open) {
        state_ = State::closed;
        return owner_.on_backend_gone(*this, read.why);
      }
      return fail({Error{ErrorCode::backend_connection_lost,
                         fmt::format("server \"{}\", port {} closed the connection during login", target_.host,
                                     target_.port),
                         read.why},
                   false});
  }
}

void BackendLink::log_in(Bytes chunk) {
  std::string out;
  login::ServerLoginStep step = login_->step(chunk, out);
  link_->write(as_bytes(out));
  std::visit(Overloaded{[](login::LoginPending) {},
                        [this](login::ServerLoginFailed& failed) { fail({std::move(failed.error), true}); },
                        [this](login::ServerLoginDone& done) {
                          timer_.reset();
                          login_.reset();
                          dial_.reset();
                          state_ = State::open;
                          owner_.on_backend_open(*this, std::move(done));
                        }},
             step);
}

void BackendLink::fail(OpenFailure failure) {
  login_.reset();
  link_.reset();
  if (!attempts_.empty()) return dial();
  timer_->set({});
  state_ = State::closed;
  owner_.on_backend_open_failed(*this, std::move(failure));
}

}  // namespace howdah
