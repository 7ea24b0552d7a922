// Accepts clients on all configured addresses and Unix-domain sockets. What becomes of them is the owner's business.
// Out of descriptors it pauses instead of spinning. On one worker's loop.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/log.hpp"
#include "gateway/io/reactor.hpp"
#include "gateway/io/socket.hpp"

namespace howdah {

struct ListenOptions {
  std::vector<std::string> addresses;         // "*": all; none: only Unix-domain sockets
  std::uint16_t port = 0;                     // 0: the system chooses (tests)
  std::vector<std::string> unix_directories;
  unsigned unix_permissions = 0777;
  std::string unix_group;
  int backlog = 1024;
};

struct ListeningSocket {
  UniqueFd fd;
  std::string name;       // for the log
  std::string unix_path;  // removed at the end; empty for TCP
};

// All or nothing: an address that cannot be listened on is an Error.
Result<std::vector<ListeningSocket>> open_listening_sockets(const ListenOptions& settings);

class Listener {
 public:
  using OnClient = std::function<void(Accepted)>;

  Listener(Reactor& reactor, Log& log, std::vector<ListeningSocket> sockets, OnClient on_client);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

 private:
  class Door;
  void pause(const char* why);
  void resume();

  Reactor& reactor_;
  Log& log_;
  OnClient on_client_;
  Timer resume_timer_;
  std::vector<std::unique_ptr<Door>> doors_;
};

}  // namespace howdah
