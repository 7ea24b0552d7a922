// Sockets that listen, on TCP addresses and in the file system. Nonblocking, close-on-exec.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/io/unique_fd.hpp"
#include "base/result.hpp"

namespace howdah {

struct ListenOptions {
  std::vector<std::string> addresses;         // names, addresses, "*" for all; none: only Unix-domain sockets
  std::uint16_t port = 0;                     // 0: one that is free, the same for all
  std::vector<std::string> unix_directories;  // for .s.PGSQL.<port>
  unsigned unix_permissions = 0777;
  std::string unix_group;
  int backlog = 1024;
};

// The file of a Unix-domain socket goes with it.
class ListeningSocket {
 public:
  ListeningSocket(UniqueFd fd, std::string name, std::uint16_t port, std::string unix_path = {})
      : fd_(std::move(fd)), name_(std::move(name)), port_(port), unix_path_(std::move(unix_path)) {}
  ~ListeningSocket();
  ListeningSocket(ListeningSocket&&) = default;
  ListeningSocket& operator=(ListeningSocket&&) = delete;

  int fd() const { return fd_.value(); }
  const std::string& name() const { return name_; }  // for the log: "127.0.0.1:5432", or the path
  std::uint16_t port() const { return port_; }

 private:
  UniqueFd fd_;
  std::string name_;
  std::uint16_t port_;
  std::string unix_path_;
};

// All or nothing: an address that cannot be listened on is an Error that names it. Replaces a socket file that nobody listens
// on any more.
Result<std::vector<ListeningSocket>> open_listening_sockets(const ListenOptions& options);

}  // namespace howdah
