#include "pcp/io/pcp_listener.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace howdah::pcp {

namespace asio = boost::asio;

PcpListener::PcpListener(asio::io_context& loop, PcpListenerOptions options, ControlSurface& surface, UserLookup users,
                         Log& log)
    : loop_(loop),
      options_(std::move(options)),
      surface_(surface),
      users_(std::move(users)),
      log_(log),
      sockets_(loop, "PCP", [this](int descriptor) { admit(descriptor); }, log) {}

PcpListener::~PcpListener() {
  close();
  const auto connections = connections_;
  for (const auto& connection : connections) connection->abort();
}

Result<void> PcpListener::open() {
  Result<void> result;
  for (const std::string& address : options_.addresses)
    if (result) result = sockets_.open_tcp(address, options_.port);
  for (const std::string& directory : options_.socket_directories)
    if (result) result = sockets_.open_unix(fmt::format("{}/.s.PGSQL.{}", directory, options_.port));
  result ? sockets_.accept() : sockets_.close();
  return result;
}

void PcpListener::admit(int descriptor) {
  sockaddr_storage own{};
  socklen_t size = sizeof own;
  ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&own), &size);
  const std::string peer = peer_of(descriptor);
  if (!make_room()) {
    log_.warn("pcp connection refused peer={} reason=too_many", peer);
    ::close(descriptor);
    return;
  }
  PcpSocket::Socket socket(loop_);
  socket.assign(asio::generic::stream_protocol(own.ss_family, 0), descriptor);
  const auto forget = [this](PcpSocket& gone) {
    std::erase_if(connections_, [&gone](const auto& connection) { return connection.get() == &gone; });
  };
  connections_.push_back(std::make_shared<PcpSocket>(std::move(socket), peer, options_.login_time,
                                                     PcpSocket::Surroundings{surface_, users_, log_, forget}));
  const auto newest = connections_.back();
  newest->start();
}

// Strangers who occupy the port must not lock operators out: the oldest connection without a login gives way.
bool PcpListener::make_room() {
  if (connections_.size() < options_.max_connections) return true;
  const auto stranger = std::find_if(connections_.begin(), connections_.end(),
                                     [](const auto& connection) { return !connection->is_logged_in(); });
  if (stranger == connections_.end()) return false;
  const auto leaving = *stranger;
  leaving->abort();
  return true;
}

void PcpListener::close() {
  sockets_.close();
  const auto connections = connections_;
  for (const auto& connection : connections) connection->close();
}

}  // namespace howdah::pcp
