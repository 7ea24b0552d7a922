// Sockets: addresses, accepting, connecting, options (to listen: listening_sockets.hpp). Every descriptor made here is nonblocking and close-on-exec, so
// that a failover script cannot inherit the gateway's ports.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/instant.hpp"
#include "base/result.hpp"
#include "base/io/unique_fd.hpp"

namespace howdah {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;

  bool is_unix() const { return storage.ss_family == AF_UNIX; }
  const sockaddr* raw() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

// The address as PostgreSQL writes it: "[local]", "127.0.0.1", "::1".
std::string host_text(const SocketAddress& address);
// 0 for Unix-domain sockets.
std::uint16_t port_of(const SocketAddress& address);
void set_port(SocketAddress& address, std::uint16_t port);

// A Unix-domain socket whose other end runs as the user we run as.
bool is_peer_our_user(int fd);
// Our own end, and the other.
SocketAddress local_address(int fd);
SocketAddress peer_address(int fd);

// Nonblocking and close-on-exec; errno tells why it is closed.
UniqueFd open_socket(int family);

// The path of a server's socket, as libpq makes it.
std::string unix_socket_path(const std::string& directory, std::uint16_t port);
Result<SocketAddress> unix_address(const std::string& path);

// May block on DNS. `for_listening`: "*" and "" mean all addresses.
Result<std::vector<SocketAddress>> resolve(const std::string& host, std::uint16_t port, bool for_listening = false);
// Numeric addresses only; never blocks. Nothing if it is a name.
std::vector<SocketAddress> numeric_address(const std::string& host, std::uint16_t port);

struct Accepted {
  UniqueFd fd;
  SocketAddress peer;
};
// A closed descriptor means that nobody is waiting, or why in errno.
Accepted accept_from(int listening);

// Begins to connect; when the descriptor becomes writable, connect_error() tells how it went.
Result<UniqueFd> start_connect(const SocketAddress& address);
// 0, or the errno of the failed connection.
int connect_error(int fd);

struct TcpOptions {
  bool keepalive = true;
  int keepalive_idle = 0;      // seconds; 0: the system's
  int keepalive_interval = 0;  // seconds; 0: the system's
  int keepalive_count = 0;     // 0: the system's
  milliseconds user_timeout{0};  // how long sent bytes may stay unacknowledged; 0: the system's
  milliseconds reader_timeout{0};  // the same, only while the peer is sure to read; where user_timeout is 0
};
// The following do nothing on Unix-domain sockets.
void set_tcp_options(int fd, const TcpOptions& settings);
void set_user_timeout(int fd, milliseconds timeout);  // 0: the system's

}  // namespace howdah
