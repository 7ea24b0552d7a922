#include "gateway/io/dial.hpp"

#include <fmt/format.h>
#include <openssl/err.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "base/io/openssl.hpp"
#include "gateway/wire/startup.hpp"

namespace howdah {

Dial::Dial(LoopParts& parts, DialTarget target, WantedTls wanted_tls, Then then)
    : parts_(parts),
      target_(std::move(target)),
      wanted_tls_(wanted_tls),
      then_(std::move(then)),
      timer_(parts.reactor.timers(), [this] { fail("timeout expired", {}); }),
      self_(std::make_shared<Dial*>(this)) {
  if (target_.timeout.count() > 0) timer_.set(parts_.reactor.now() + target_.timeout);
  const auto come_back = [weak = std::weak_ptr(self_)](Resolver::Answer answer) {
    if (const auto self = weak.lock()) (*self)->on_resolved(std::move(answer));
  };
  auto later = [this, come_back](Resolver::Answer answer) {
    parts_.reactor.defer([come_back, answer = std::move(answer)] { come_back(answer); });
  };
  if (target_.host.starts_with('/')) {
    auto address = unix_address(unix_socket_path(target_.host, target_.port));
    if (address)
      later(std::vector<SocketAddress>{*address});
    else
      later(address.error());
  } else if (auto numeric = numeric_address(target_.host, target_.port); !numeric.empty()) {
    later(std::move(numeric));
  } else {
    parts_.resolver.ask(target_.host, target_.port, parts_.reactor, come_back);
  }
}

Dial::~Dial() { drop_socket(); }

void Dial::on_resolved(Resolver::Answer answer) {
  if (!answer) return fail(answer.error().message, answer.error().detail);
  addresses_ = std::move(*answer);
  try_next_address();
}

void Dial::try_next_address() {
  while (next_address_ < addresses_.size()) {
    auto fd = start_connect(addresses_[next_address_++]);
    if (!fd) {
      last_error_ = fd.error();
      continue;
    }
    channel_.fd = std::move(*fd);
    set_tcp_options(channel_.fd.value(), target_.tcp);
    state_ = State::connecting;
    parts_.reactor.watch(channel_.fd.value(), *this, {.read = false, .write = true});
    return;
  }
  fail(last_error_.message, last_error_.detail);
}

void Dial::on_ready(bool, bool) {
  switch (state_) {
    case State::resolving: return;
    case State::connecting: return on_connected();
    case State::asked_for_tls: return read_tls_answer();
    case State::in_handshake: return go_on_with_handshake();
  }
}

void Dial::on_connected() {
  const SocketAddress& address = addresses_[next_address_ - 1];
  if (const int code = connect_error(channel_.fd.value()); code != 0)
    return give_up_address(fmt::format("cannot connect to \"{}\"", host_text(address)), std::strerror(code));
  if (wanted_tls_ == WantedTls::never || address.is_unix()) return succeed();
  std::string request;
  wire::append_ssl_request(request);
  if (::send(channel_.fd.value(), request.data(), request.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(request.size()))
    return give_up_address("cannot ask for TLS", std::strerror(errno));
  state_ = State::asked_for_tls;
  parts_.reactor.change(channel_.fd.value(), *this, {.read = true, .write = false});
}

void Dial::read_tls_answer() {
  // One byte and no more: what follows it in clear text would otherwise be taken for a part of the encrypted stream.
  char answer = 0;
  const auto got = ::recv(channel_.fd.value(), &answer, 1, 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) return give_up_address("the server closed the connection when asked for TLS", {});
  if (answer == 'S') {
    channel_.tls = target_.tls->connect_on(channel_.fd.value(), target_.host);
    state_ = State::in_handshake;
    return go_on_with_handshake();
  }
  if (answer == 'N' && wanted_tls_ == WantedTls::if_offered) return succeed();
  fail(answer == 'N' ? "the server does not support TLS, but it was required" : "the server refused to talk about TLS",
       {});
}

void Dial::go_on_with_handshake() {
  ERR_clear_error();
  const int done = SSL_do_handshake(channel_.tls.get());
  if (done == 1) return succeed();
  const int reason = SSL_get_error(channel_.tls.get(), done);
  if (reason == SSL_ERROR_WANT_READ || reason == SSL_ERROR_WANT_WRITE) {
    const bool wants_write = reason == SSL_ERROR_WANT_WRITE;
    return parts_.reactor.change(channel_.fd.value(), *this, {.read = !wants_write, .write = wants_write});
  }
  std::string why = openssl_errors();
  if (why.empty()) why = "connection closed";
  fail("the TLS handshake failed", std::move(why));
}

void Dial::succeed() {
  timer_.set({});
  parts_.reactor.forget(channel_.fd.value(), *this);
  Dialled dialled{std::move(channel_), addresses_[next_address_ - 1]};
  const Then then = std::move(then_);
  then(std::move(dialled));
}

void Dial::fail(std::string what, std::string why) {
  timer_.set({});
  drop_socket();
  const Then then = std::move(then_);
  then(Error{ErrorCode::backend_connection_lost,
             fmt::format("connection to server at \"{}\", port {} failed: {}", target_.host, target_.port, what),
             std::move(why)});
}

void Dial::give_up_address(std::string what, std::string why) {
  last_error_ = {ErrorCode::backend_connection_lost, std::move(what), std::move(why)};
  drop_socket();
  try_next_address();
}

void Dial::drop_socket() {
  if (!channel_.fd.is_open()) return;
  parts_.reactor.forget(channel_.fd.value(), *this);
  channel_.tls.reset();
  channel_.fd.reset();
}

}  // namespace howdah
