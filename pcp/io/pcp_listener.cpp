#include "pcp/io/pcp_listener.hpp"

#include <algorithm>
#include <utility>

namespace howdah::pcp {

PcpListener::PcpListener(boost::asio::io_context& loop, PcpListenerOptions options, ControlSurface& surface, UserLookup users,
                         Log& log)
    : loop_(loop),
      options_(std::move(options)),
      surface_(surface),
      users_(std::move(users)),
      log_(log),
      acceptor_(loop, "PCP", [this](UniqueFd client) { admit(std::move(client)); }, log) {}

PcpListener::~PcpListener() {
  close();
  const auto connections = connections_;
  for (const auto& connection : connections) connection->abort();
}

// A password is the lock of the socket files, as with Pgpool.
Result<void> PcpListener::open() {
  return acceptor_.open({.addresses = options_.addresses,
                         .port = options_.port,
                         .unix_directories = options_.socket_directories,
                         .unix_permissions = 0777,
                         .backlog = static_cast<int>(options_.max_connections)});
}

void PcpListener::admit(UniqueFd client) {
  const std::string peer = peer_of(client.value());
  if (!make_room()) {
    log_.warn("pcp connection refused peer={} reason=too_many", peer);
    return;
  }
  const auto forget = [this](PcpSocket& gone) {
    std::erase_if(connections_, [&gone](const auto& connection) { return connection.get() == &gone; });
  };
  connections_.push_back(std::make_shared<PcpSocket>(as_asio_socket(loop_, std::move(client)), peer, options_.login_time,
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
  acceptor_.close();
  const auto connections = connections_;
  for (const auto& connection : connections) connection->close();
}

}  // namespace howdah::pcp
