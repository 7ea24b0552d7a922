// Looks up host names on a thread of its own, so that slow DNS delays only those who need that name. One for all
// workers; the answer comes back as a call on the asking worker's loop.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/result.hpp"
#include "gateway/io/reactor.hpp"
#include "gateway/io/socket.hpp"

namespace howdah {

class Resolver {
 public:
  using Answer = Result<std::vector<SocketAddress>>;

  Resolver();
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // From any worker's thread. The reactor must outlive the resolver's thread or have been stopped.
  void ask(std::string host, std::uint16_t port, Reactor& reactor, std::function<void(Answer)> then);

 private:
  struct Question {
    std::string host;
    std::uint16_t port = 0;
    Reactor* reactor = nullptr;
    std::function<void(Answer)> then;
  };
  void run();

  std::mutex mutex_;
  std::condition_variable has_work_;
  std::deque<Question> questions_;
  bool is_stopping_ = false;
  std::thread thread_;
};

}  // namespace howdah
