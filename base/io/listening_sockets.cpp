#include "base/io/listening_sockets.hpp"

#include <fmt/format.h>
#include <grp.h>
#include <netinet/in.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/io/socket.hpp"

namespace howdah {

namespace {

Error cannot_listen(const std::string& where, int code) {
  return {ErrorCode::environment, fmt::format("cannot listen on {}", where), std::strerror(code)};
}

// Closed: errno tells why.
UniqueFd listen_at(const SocketAddress& address, int backlog) {
  UniqueFd fd = open_socket(address.storage.ss_family);
  if (!fd.is_open()) return fd;
  const int on = 1;
  ::setsockopt(fd.value(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (address.storage.ss_family == AF_INET6) ::setsockopt(fd.value(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  const bool is_listening = ::bind(fd.value(), address.raw(), address.size) == 0 && ::listen(fd.value(), backlog) == 0;
  return is_listening ? std::move(fd) : UniqueFd{};
}

// "*" and "localhost" mean IPv6, too, but only where the machine has it.
bool is_only_missing(const SocketAddress& address, int code) {
  return address.storage.ss_family == AF_INET6 && (code == EAFNOSUPPORT || code == EADDRNOTAVAIL);
}

Result<void> listen_tcp(const std::string& host, std::uint16_t& port, int backlog, std::vector<ListeningSocket>& out) {
  const auto addresses = resolve(host, port, true);
  if (!addresses) return addresses.error();
  int code = 0;
  bool is_open = false;
  for (SocketAddress address : *addresses) {
    set_port(address, port);
    UniqueFd fd = listen_at(address, backlog);
    if (!fd.is_open()) {
      code = errno;
      if (is_only_missing(address, code)) continue;
      return cannot_listen(fmt::format("{} port {}", host_text(address), port), code);
    }
    if (port == 0) port = port_of(local_address(fd.value()));
    out.emplace_back(std::move(fd), fmt::format("{}:{}", host_text(address), port), port);
    is_open = true;
  }
  if (!is_open) return cannot_listen(fmt::format("{} port {}", host, port), code);
  return {};
}

// True if somebody accepts connections at that path. (One left behind by a crash refuses them.)
bool is_in_use(const SocketAddress& address) {
  const UniqueFd probe = open_socket(AF_UNIX);
  return ::connect(probe.value(), address.raw(), address.size) == 0 || errno == EAGAIN;
}

Result<void> set_owner(const std::string& path, const ListenOptions& options) {
  if (!options.unix_group.empty()) {
    const group* found = ::getgrnam(options.unix_group.c_str());
    if (found == nullptr)
      return Error{ErrorCode::configuration, fmt::format("group \"{}\" does not exist", options.unix_group)};
    if (::chown(path.c_str(), static_cast<uid_t>(-1), found->gr_gid) != 0)
      return Error{ErrorCode::environment, fmt::format("cannot give \"{}\" to group \"{}\"", path, options.unix_group),
                   std::strerror(errno)};
  }
  if (::chmod(path.c_str(), options.unix_permissions) != 0)
    return Error{ErrorCode::environment, fmt::format("cannot set the permissions of \"{}\"", path), std::strerror(errno)};
  return {};
}

Result<void> listen_unix(const std::string& directory, std::uint16_t port, const ListenOptions& options,
                         std::vector<ListeningSocket>& out) {
  const std::string path = unix_socket_path(directory, port);
  const auto address = unix_address(path);
  if (!address) return address.error();
  struct stat there {};
  if (::lstat(path.c_str(), &there) == 0) {
    if (!S_ISSOCK(there.st_mode) || is_in_use(*address)) return cannot_listen(path, EADDRINUSE);
    ::unlink(path.c_str());
  }
  UniqueFd fd = open_socket(AF_UNIX);
  if (!fd.is_open() || ::bind(fd.value(), address->raw(), address->size) != 0) return cannot_listen(path, errno);
  out.emplace_back(std::move(fd), path, port, path);
  // Its permissions first: nobody may come in before.
  if (auto owned = set_owner(path, options); !owned) return owned;
  if (::listen(out.back().fd(), options.backlog) != 0) return cannot_listen(path, errno);
  return {};
}

}  // namespace

ListeningSocket::~ListeningSocket() {
  if (fd_.is_open() && !unix_path_.empty()) ::unlink(unix_path_.c_str());
}

Result<std::vector<ListeningSocket>> open_listening_sockets(const ListenOptions& options) {
  std::vector<ListeningSocket> out;
  std::uint16_t port = options.port;
  for (const std::string& host : options.addresses)
    if (auto opened = listen_tcp(host, port, options.backlog, out); !opened) return opened.error();
  for (const std::string& directory : options.unix_directories)
    if (auto opened = listen_unix(directory, port, options, out); !opened) return opened.error();
  return out;
}

}  // namespace howdah
