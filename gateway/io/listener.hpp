// Accepts clients on all configured addresses and Unix-domain sockets. What becomes of them is the owner's business.
// Out of descriptors it pauses instead of spinning. On one worker's loop.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/io/listening_sockets.hpp"
#include "base/io/socket.hpp"
#include "base/log.hpp"
#include "gateway/io/reactor.hpp"

namespace howdah {

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
