#include "pcp/io/acceptor.hpp"

#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>

#include <cerrno>
#include <sys/socket.h>
#include <utility>

namespace howdah::pcp {

namespace {

namespace asio = boost::asio;

constexpr auto kPause = 200ms;

}  // namespace

Acceptor::Acceptor(asio::io_context& loop, std::string_view purpose, Admit admit, Log& log)
    : loop_(loop), purpose_(purpose), admit_(std::move(admit)), log_(log) {}

Acceptor::~Acceptor() { close(); }

Result<void> Acceptor::open(const ListenOptions& options) {
  auto opened = open_listening_sockets(options);
  if (!opened) {
    Error error = std::move(opened.error());
    error.message += fmt::format(" for {}", purpose_);
    return error;
  }
  sockets_ = std::move(*opened);
  if (!sockets_.empty()) port_ = sockets_.front().port();
  for (const ListeningSocket& socket : sockets_) waiting_.emplace_back(loop_, socket.fd());
  for (std::size_t i = 0; i < waiting_.size(); ++i) wait_for_client(i);
  return {};
}

void Acceptor::wait_for_client(std::size_t index) {
  const auto accept = [this, index, alive = std::weak_ptr(alive_)](const boost::system::error_code& error) {
    if (error || alive.expired() || waiting_.empty()) return;
    Accepted accepted = accept_from(sockets_[index].fd());
    const bool is_out_of_descriptors = !accepted.fd.is_open() && (errno == EMFILE || errno == ENFILE || errno == ENOMEM);
    if (accepted.fd.is_open()) admit_(std::move(accepted.fd));
    if (alive.expired() || waiting_.empty()) return;
    is_out_of_descriptors ? pause(index) : wait_for_client(index);
  };
  waiting_[index].async_wait(asio::posix::stream_descriptor::wait_read, accept);
}

// The client stays in the queue and the socket readable: asking again at once would spin.
void Acceptor::pause(std::size_t index) {
  log_.warn("cannot accept purpose={} reason=out_of_descriptors", purpose_);
  const auto timer = std::make_shared<asio::steady_timer>(loop_, kPause);  // shared: lives until it has fired
  timer->async_wait([this, index, timer, alive = std::weak_ptr(alive_)](const boost::system::error_code&) {
    if (!alive.expired() && !waiting_.empty()) wait_for_client(index);
  });
}

void Acceptor::close() {
  for (auto& descriptor : waiting_) descriptor.release();
  waiting_.clear();
  sockets_.clear();
}

std::string peer_of(int descriptor) {
  const SocketAddress peer = peer_address(descriptor);
  const bool is_tcp = peer.storage.ss_family == AF_INET || peer.storage.ss_family == AF_INET6;
  return is_tcp ? fmt::format("{}:{}", host_text(peer), port_of(peer)) : "local";
}

asio::generic::stream_protocol::socket as_asio_socket(asio::io_context& loop, UniqueFd client) {
  asio::generic::stream_protocol::socket socket(loop);
  const int family = local_address(client.value()).storage.ss_family;
  socket.assign(asio::generic::stream_protocol(family, 0), client.release());
  return socket;
}

}  // namespace howdah::pcp
