#include "base/io/socket.hpp"

#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
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

void set_option(int fd, int level, int name, int value) { ::setsockopt(fd, level, name, &value, sizeof value); }

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

void set_port(SocketAddress& address, std::uint16_t port) {
  if (address.storage.ss_family == AF_INET) reinterpret_cast<sockaddr_in&>(address.storage).sin_port = htons(port);
  if (address.storage.ss_family == AF_INET6) reinterpret_cast<sockaddr_in6&>(address.storage).sin6_port = htons(port);
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

SocketAddress peer_address(int fd) {
  SocketAddress out;
  out.size = sizeof(out.storage);
  if (::getpeername(fd, reinterpret_cast<sockaddr*>(&out.storage), &out.size) != 0) out = {};
  return out;
}

UniqueFd open_socket(int family) { return UniqueFd(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)); }

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
