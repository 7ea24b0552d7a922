#include "gateway/io/link.hpp"

#include <openssl/err.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/assert.hpp"
#include "base/io/openssl.hpp"

namespace howdah {

namespace {

constexpr std::size_t kMostPieces = 16;

// Both directions are closed, or it is broken.
bool is_gone(int fd) {
  pollfd status{fd, 0, 0};
  return ::poll(&status, 1, 0) > 0;
}

}  // namespace

Link::Link(Reactor& reactor, Channel channel, Owner& owner)
    : reactor_(reactor), channel_(std::move(channel)), owner_(owner) {
  reactor_.watch(fd(), *this, interest_);
  is_watched_ = true;
}

Link::~Link() {
  reactor_.forget(fd(), *this);
  if (channel_.tls && !is_broken_ && !is_in_handshake_) SSL_shutdown(channel_.tls.get());  // a courtesy; not awaited
  ERR_clear_error();
}

ReadResult Link::read(std::span<char> into) { return channel_.tls ? read_tls(into) : read_plain(into); }

ReadResult Link::read_plain(std::span<char> into) {
  const auto got = ::recv(fd(), into.data(), into.size(), 0);
  if (got > 0) return {ReadStatus::bytes, static_cast<std::size_t>(got)};
  if (got == 0) return {ReadStatus::ended, 0, "end of stream"};
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return {};
  return {ReadStatus::broken, 0, std::strerror(errno)};
}

ReadResult Link::read_tls(std::span<char> into) {
  std::size_t size = 0;
  int last = 1;
  while (size < into.size()) {
    last = SSL_read(channel_.tls.get(), into.data() + size, static_cast<int>(into.size() - size));
    if (last <= 0) break;
    size += static_cast<std::size_t>(last);
  }
  if (size > 0) {
    // epoll does not know of bytes that OpenSSL has already taken from the socket.
    if (SSL_has_pending(channel_.tls.get())) reactor_.call_again(*this);
    ERR_clear_error();
    return {ReadStatus::bytes, size};
  }
  switch (SSL_get_error(channel_.tls.get(), last)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE: return {};
    case SSL_ERROR_ZERO_RETURN: return {ReadStatus::ended, 0, "end of stream"};
    case SSL_ERROR_SYSCALL: {
      const int code = errno;
      return {ReadStatus::broken, 0, code != 0 ? std::strerror(code) : openssl_errors()};
    }
    default: return {ReadStatus::broken, 0, openssl_errors()};
  }
}

std::size_t Link::peek(std::span<char> into) const {
  const auto got = ::recv(fd(), into.data(), into.size(), MSG_PEEK);
  return got > 0 ? static_cast<std::size_t>(got) : 0;
}

void Link::write(Bytes bytes) { write(std::span<const Bytes>(&bytes, 1)); }

void Link::write(std::span<const Bytes> pieces) {
  if (is_broken_) return;
  std::size_t total = 0;
  for (const Bytes& piece : pieces) total += piece.size();
  if (total == 0) return;
  if (unsent() > 0 || is_in_handshake_) {
    keep_rest(pieces, 0);
    return;
  }
  if (!channel_.tls) {
    const std::size_t taken = send_plain(pieces);
    if (taken < total) keep_rest(pieces, taken);
    return;
  }
  if (pieces.size() == 1) {
    const std::size_t taken = send_tls(pieces[0]);
    if (taken < total) keep_rest(pieces, taken);
    return;
  }
  keep_rest(pieces, 0);  // one record for all of them
  flush();
}

std::size_t Link::send_plain(std::span<const Bytes> pieces) {
  std::array<iovec, kMostPieces> parts;
  std::size_t count = 0;
  std::size_t total = 0;
  for (const Bytes& piece : pieces) {
    if (piece.empty()) continue;
    if (count == kMostPieces) break;
    parts[count++] = {const_cast<char*>(piece.data()), piece.size()};
    total += piece.size();
  }
  ssize_t sent = 0;
  if (count == 1) {
    sent = ::send(fd(), parts[0].iov_base, parts[0].iov_len, MSG_NOSIGNAL);
  } else {
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = count;
    sent = ::sendmsg(fd(), &message, MSG_NOSIGNAL);
  }
  if (sent >= 0) return static_cast<std::size_t>(sent);
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return 0;
  is_broken_ = true;
  return total;
}

std::size_t Link::send_tls(Bytes bytes) {
  std::size_t taken = 0;
  while (taken < bytes.size()) {
    const int sent = SSL_write(channel_.tls.get(), bytes.data() + taken, static_cast<int>(bytes.size() - taken));
    if (sent > 0) {
      taken += static_cast<std::size_t>(sent);
      continue;
    }
    const int reason = SSL_get_error(channel_.tls.get(), sent);
    ERR_clear_error();
    if (reason == SSL_ERROR_WANT_WRITE || reason == SSL_ERROR_WANT_READ) break;
    is_broken_ = true;
    return bytes.size();
  }
  return taken;
}

void Link::keep_rest(std::span<const Bytes> pieces, std::size_t taken) {
  if (is_broken_) return;
  for (const Bytes& piece : pieces) {
    const std::size_t skip = std::min(taken, piece.size());
    taken -= skip;
    outbox_.append(piece.data() + skip, piece.size() - skip);
  }
  update_interest();
}

void Link::flush() {
  if (unsent() > 0 && !is_broken_) {
    const Bytes rest = as_bytes(std::string_view(outbox_).substr(sent_));
    sent_ += channel_.tls ? send_tls(rest) : send_plain(std::span<const Bytes>(&rest, 1));
  }
  if (is_broken_ || unsent() == 0) {
    outbox_ = std::string();  // gives the memory back
    sent_ = 0;
  } else if (sent_ > outbox_.size() / 2) {
    outbox_.erase(0, sent_);
    sent_ = 0;
  }
  update_interest();
}

void Link::pause_reading() {
  is_paused_ = true;
  update_interest();
}

void Link::resume_reading() {
  if (!is_paused_) return;
  is_paused_ = false;
  if (!is_watched_) {  // it hung up meanwhile; what it had sent is still there
    reactor_.watch(fd(), *this, interest_ = Interest{});
    is_watched_ = true;
  }
  update_interest();
  if (channel_.tls && SSL_has_pending(channel_.tls.get())) reactor_.call_again(*this);
}

void Link::update_interest() {
  if (!is_watched_) return;
  const bool wants_write = is_in_handshake_ ? handshake_wants_write_ : unsent() > 0;
  const Interest wanted{.read = !is_paused_ || is_in_handshake_, .write = wants_write};
  if (wanted == interest_) return;
  interest_ = wanted;
  reactor_.change(fd(), *this, interest_);
}

void Link::start_tls(SslPtr tls) {
  channel_.tls = std::move(tls);
  is_in_handshake_ = true;
  handshake_wants_write_ = SSL_is_server(channel_.tls.get()) == 0;  // the client's side speaks first
  update_interest();
}

void Link::go_on_with_handshake() {
  ERR_clear_error();
  const int done = SSL_do_handshake(channel_.tls.get());
  if (done == 1) return end_handshake(true, {});
  const int reason = SSL_get_error(channel_.tls.get(), done);
  if (reason == SSL_ERROR_WANT_READ || reason == SSL_ERROR_WANT_WRITE) {
    handshake_wants_write_ = reason == SSL_ERROR_WANT_WRITE;
    update_interest();
    return;
  }
  const int code = errno;
  std::string why = openssl_errors();
  if (why.empty()) why = reason == SSL_ERROR_SYSCALL && code != 0 ? std::strerror(code) : "connection closed";
  is_broken_ = true;
  end_handshake(false, std::move(why));
}

void Link::end_handshake(bool succeeded, std::string why) {
  is_in_handshake_ = false;
  handshake_wants_write_ = false;
  if (succeeded) {
    flush();
    // The peer's first words may have come in the same packet as the end of the handshake.
    if (SSL_has_pending(channel_.tls.get())) reactor_.call_again(*this);
  }
  owner_.on_tls_ready(succeeded, std::move(why));
}

Channel Link::release() {
  HOWDAH_ASSERT(unsent() == 0 && !is_in_handshake_);
  if (is_watched_) reactor_.forget(fd(), *this);
  is_watched_ = false;
  return std::move(channel_);
}

void Link::on_ready(bool readable, bool writable) {
  if (is_in_handshake_) return go_on_with_handshake();
  if (writable && unsent() > 0) {
    flush();
    if (unsent() == 0) {
      // Told at the end of the turn, so that the owner may destroy this link there.
      if (!readable) return owner_.on_link_drained();
      reactor_.call_again(*this);
      return owner_.on_link_drained();
    }
  }
  if (!readable) return;
  if (!is_paused_) return owner_.on_link_readable();
  // Paused in this very turn, or TLS bytes in memory: they wait until reading is resumed.
  if (!is_watched_ || !is_gone(fd())) return;
  // The kernel would report it again and again.
  reactor_.forget(fd(), *this);
  is_watched_ = false;
  is_broken_ = true;
  flush();
  owner_.on_link_hung_up();
}

}  // namespace howdah
