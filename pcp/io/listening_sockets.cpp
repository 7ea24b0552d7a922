#include "pcp/io/listening_sockets.hpp"

#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <utility>

namespace howdah::pcp {

namespace {

namespace asio = boost::asio;

constexpr int kBacklog = 64;
constexpr auto kPause = 200ms;

// Sockets must not leak into failover_command and its like.
int new_socket(int family) { return ::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0); }

int bind_and_listen(int descriptor, const sockaddr* address, socklen_t size) {
  if (::bind(descriptor, address, size) != 0 || ::listen(descriptor, kBacklog) != 0) return errno;
  return 0;
}

int port_of(int descriptor) {
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  if (::getsockname(descriptor, reinterpret_cast<sockaddr*>(&bound), &size) != 0) return 0;
  const auto port = bound.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(bound).sin6_port
                                                : reinterpret_cast<sockaddr_in&>(bound).sin_port;
  return ntohs(port);
}

// Whether somebody accepts on the socket file. One left behind by a crash refuses.
bool is_alive(const sockaddr_un& address) {
  const int probe = new_socket(AF_UNIX);
  if (probe < 0) return true;
  const bool is_connected = ::connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  const bool is_busy = !is_connected && errno == EAGAIN;
  ::close(probe);
  return is_connected || is_busy;
}

}  // namespace

ListeningSockets::ListeningSockets(asio::io_context& loop, std::string_view purpose, Admit admit, Log& log)
    : loop_(loop), purpose_(purpose), admit_(std::move(admit)), log_(log) {}

ListeningSockets::~ListeningSockets() { close(); }

Error ListeningSockets::cannot_listen(const std::string& where, int error) const {
  return {ErrorCode::environment, fmt::format("cannot listen for {} on {}", purpose_, where), std::strerror(error)};
}

Result<void> ListeningSockets::open_tcp(const std::string& address, std::uint16_t& port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  const char* host = address == "*" ? nullptr : address.c_str();
  if (const int error = ::getaddrinfo(host, fmt::to_string(port).c_str(), &hints, &found); error != 0)
    return Error{ErrorCode::environment, fmt::format("cannot listen for {} on {}", purpose_, address), ::gai_strerror(error)};
  int last_error = 0;
  bool is_open = false;
  for (const addrinfo* info = found; info != nullptr; info = info->ai_next) {
    const int descriptor = new_socket(info->ai_family);
    if (descriptor < 0) {
      last_error = errno;  // a machine without IPv6 still resolves localhost to ::1
      continue;
    }
    const int on = 1;
    ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (info->ai_family == AF_INET6) ::setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    last_error = bind_and_listen(descriptor, info->ai_addr, info->ai_addrlen);
    if (last_error == 0) {
      if (port == 0) port = static_cast<std::uint16_t>(port_of(descriptor));
      listen_on(descriptor);
      is_open = true;
    } else {
      ::close(descriptor);
      if (last_error == EADDRINUSE) break;
    }
  }
  ::freeaddrinfo(found);
  if (!is_open || last_error == EADDRINUSE)
    return cannot_listen(fmt::format("{} port {}", address, port), last_error);
  return {};
}

Result<void> ListeningSockets::open_unix(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return cannot_listen(path, ENAMETOOLONG);
  std::memcpy(address.sun_path, path.data(), path.size());
  struct stat status {};
  if (::lstat(path.c_str(), &status) == 0) {
    if (!S_ISSOCK(status.st_mode) || is_alive(address)) return cannot_listen(path, EADDRINUSE);
    ::unlink(path.c_str());
  }
  const int descriptor = new_socket(AF_UNIX);
  if (descriptor < 0) return cannot_listen(path, errno);
  if (const int error = bind_and_listen(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address);
      error != 0) {
    ::close(descriptor);
    return cannot_listen(path, error);
  }
  ::chmod(path.c_str(), 0777);  // a password is the lock, as with Pgpool
  socket_files_.push_back(path);
  listen_on(descriptor);
  return {};
}

void ListeningSockets::listen_on(int descriptor) { listening_.emplace_back(loop_, descriptor); }

void ListeningSockets::accept() {
  for (std::size_t i = 0; i < listening_.size(); ++i) wait_for_client(i);
}

void ListeningSockets::wait_for_client(std::size_t index) {
  const auto accept = [this, index, alive = std::weak_ptr(alive_)](const boost::system::error_code& error) {
    if (error || alive.expired() || listening_.empty()) return;
    const int client = ::accept4(listening_[index].native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (client >= 0) admit_(client);
    const bool is_out_of_descriptors = client < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM);
    is_out_of_descriptors ? pause(index) : wait_for_client(index);
  };
  listening_[index].async_wait(asio::posix::stream_descriptor::wait_read, accept);
}

// The client stays in the queue and the socket readable: asking again at once would spin.
void ListeningSockets::pause(std::size_t index) {
  log_.warn("cannot accept purpose={} reason=out_of_descriptors", purpose_);
  const auto timer = std::make_shared<asio::steady_timer>(loop_, kPause);  // shared: lives until it has fired
  timer->async_wait([this, index, timer, alive = std::weak_ptr(alive_)](const boost::system::error_code&) {
    if (!alive.expired() && !listening_.empty()) wait_for_client(index);
  });
}

void ListeningSockets::close() {
  listening_.clear();
  for (const std::string& path : std::exchange(socket_files_, {})) ::unlink(path.c_str());
}

std::string peer_of(int descriptor) {
  sockaddr_storage peer{};
  socklen_t size = sizeof peer;
  char host[NI_MAXHOST];
  char port[NI_MAXSERV];
  if (::getpeername(descriptor, reinterpret_cast<sockaddr*>(&peer), &size) != 0 || peer.ss_family == AF_UNIX ||
      ::getnameinfo(reinterpret_cast<sockaddr*>(&peer), size, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
    return "local";
  return fmt::format("{}:{}", host, port);
}

}  // namespace howdah::pcp
