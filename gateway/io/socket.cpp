#include "gateway/io/socket.hpp"

#include <fmt/format.h>
#include <grp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

namespace howdah {

namespace {

Error socket_error(std::string message, int code) {
  return {ErrorCode::environment, std::move(message), std::strerror(code)};
}

Result<std::vector<SocketAddress>> look_up(const std::string& host, std::uint16_t port, int flags) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int failed = ::getaddrinfo(host.empty() ? nullptr : host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (failed != 0)
    return Error{ErrorCode::environment, fmt::format("cannot resolve host name \"{}\"", host), ::gai_strerror(failed)};
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);
  std::vector<SocketAddress> out;
  for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
    SocketAddress& address = out.emplace_back();
    std::memcpy(&address.storage, entry->ai_addr, entry->ai_addrlen);
    address.size = entry->ai_addrlen;
  }
  return out;
}

UniqueFd open_socket(int family) {
  return UniqueFd(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

void set_option(int fd, int level, int name, int value) { ::setsockopt(fd, level, name, &value, sizeof value); }

// True if somebody accepts connections at that path.
bool is_in_use(const SocketAddress& address) {
  const UniqueFd probe = open_socket(AF_UNIX);
  return ::connect(probe.value(), address.raw(), address.size) == 0 || errno == EAGAIN;
}

Result<void> set_owner(const std::string& path, const UnixListenOptions& settings) {
  if (!settings.group.empty()) {
    const group* found = ::getgrnam(settings.group.c_str());
    if (found == nullptr)
      return Error{ErrorCode::configuration, fmt::format("group \"{}\" does not exist", settings.group)};
    if (::chown(path.c_str(), static_cast<uid_t>(-1), found->gr_gid) != 0)
      return socket_error(fmt::format("cannot give \"{}\" to group \"{}\"", path, settings.group), errno);
  }
  if (::chmod(path.c_str(), settings.permissions) != 0)
    return socket_error(fmt::format("cannot set the permissions of \"{}\"", path), errno);
  return {};
}

}  // namespace

std::string host_text(const SocketAddress& address) {
  if (address.is_unix()) return "[local]";
  std::array<char, NI_MAXHOST> host{};
  if (::getnameinfo(address.raw(), address.size, host.data(), host.size(), nullptr, 0, NI_NUMERICHOST) != 0)
    return "???";
  return host.data();
}

std::uint16_t port_of(const SocketAddress& address) {
  if (address.storage.ss_family == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in&>(address.storage).sin_port);
  if (address.storage.ss_family == AF_INET6)
    return ntohs(reinterpret_cast<const sockaddr_in6&>(address.storage).sin6_port);
  return 0;
}

bool is_peer_our_user(int fd) {
  ucred peer{};
  socklen_t size = sizeof(peer);
  return ::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.pid > 0 && peer.uid == ::geteuid();
}

SocketAddress local_address(int fd) {
  SocketAddress out;
  out.size = sizeof(out.storage);
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&out.storage), &out.size) != 0) out = {};
  return out;
}

std::string unix_socket_path(const std::string& directory, std::uint16_t port) {
  return fmt::format("{}/.s.PGSQL.{}", directory, port);
}

Result<SocketAddress> unix_address(const std::string& path) {
  SocketAddress out;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path)
    return Error{ErrorCode::configuration, fmt::format("socket path \"{}\" is too long", path)};
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  std::memcpy(&out.storage, &address, sizeof address);
  out.size = sizeof address;
  return out;
}

Result<std::vector<SocketAddress>> resolve(const std::string& host, std::uint16_t port, bool for_listening) {
  if (for_listening) return look_up(host == "*" ? std::string{} : host, port, AI_PASSIVE);
  return look_up(host, port, AI_ADDRCONFIG);
}

std::vector<SocketAddress> numeric_address(const std::string& host, std::uint16_t port) {
  auto found = look_up(host, port, AI_NUMERICHOST);
  return found ? std::move(*found) : std::vector<SocketAddress>{};
}

Result<UniqueFd> listen_tcp(const SocketAddress& address, int backlog) {
  UniqueFd fd = open_socket(address.storage.ss_family);
  if (!fd.is_open()) return socket_error("cannot make a socket", errno);
  set_option(fd.value(), SOL_SOCKET, SO_REUSEADDR, 1);
  if (address.storage.ss_family == AF_INET6) set_option(fd.value(), IPPROTO_IPV6, IPV6_V6ONLY, 1);
  if (::bind(fd.value(), address.raw(), address.size) != 0 || ::listen(fd.value(), backlog) != 0)
    return socket_error(fmt::format("cannot listen on \"{}\"", host_text(address)), errno);
  return fd;
}

Result<UniqueFd> listen_unix(const UnixListenOptions& settings) {
  const std::string path = unix_socket_path(settings.directory, settings.port);
  const auto address = unix_address(path);
  if (!address) return address.error();
  if (is_in_use(*address))
    return Error{ErrorCode::environment, fmt::format("cannot listen on \"{}\"", path), "it is in use"};
  ::unlink(path.c_str());
  UniqueFd fd = open_socket(AF_UNIX);
  if (!fd.is_open()) return socket_error("cannot make a socket", errno);
  if (::bind(fd.value(), address->raw(), address->size) != 0)
    return socket_error(fmt::format("cannot listen on \"{}\"", path), errno);
  if (auto owned = set_owner(path, settings); !owned) return owned.error();
  if (::listen(fd.value(), settings.backlog) != 0)
    return socket_error(fmt::format("cannot listen on \"{}\"", path), errno);
  return fd;
}

Accepted accept_from(int listening) {
  Accepted out;
  out.peer.size = sizeof out.peer.storage;
  out.fd = UniqueFd(::accept4(listening, reinterpret_cast<sockaddr*>(&out.peer.storage), &out.peer.size,
                              SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (out.peer.size <= sizeof(sa_family_t)) out.peer.storage.ss_family = AF_UNIX;  // an unnamed peer
  return out;
}

Result<UniqueFd> start_connect(const SocketAddress& address) {
  UniqueFd fd = open_socket(address.storage.ss_family);
  if (!fd.is_open()) return socket_error("cannot make a socket", errno);
  if (::connect(fd.value(), address.raw(), address.size) != 0 && errno != EINPROGRESS)
    return socket_error(fmt::format("cannot connect to \"{}\"", host_text(address)), errno);
  return fd;
}

int connect_error(int fd) {
  int code = 0;
  socklen_t size = sizeof code;
  if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &size) != 0) return errno;
  return code;
}

void set_tcp_options(int fd, const TcpOptions& settings) {
  int domain = 0;
  socklen_t size = sizeof domain;
  if (::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) != 0 || domain == AF_UNIX) return;
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  if (settings.keepalive) {
    set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    if (settings.keepalive_idle > 0) set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, settings.keepalive_idle);
    if (settings.keepalive_interval > 0) set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, settings.keepalive_interval);
    if (settings.keepalive_count > 0) set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, settings.keepalive_count);
  }
  const milliseconds timeout = settings.user_timeout.count() > 0 ? settings.user_timeout : settings.reader_timeout;
  if (timeout.count() > 0) set_user_timeout(fd, timeout);
}

void set_user_timeout(int fd, milliseconds timeout) {
  set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(timeout.count()));
}

}  // namespace howdah
