// Asks name servers on a thread of its own, so that slow ones delay only those who need the answer, which comes back as
// a call on the asking worker's loop. Shared by all workers: one for the names of servers, one for those of clients.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/io/socket.hpp"
#include "base/result.hpp"
#include "gateway/io/reactor.hpp"

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
  // The other way round: the confirmed name of an address, if it has one.
  void ask_name(std::string address, Reactor& reactor, std::function<void(std::optional<std::string>)> then);

 private:
  // Asks on this thread, and posts the answer.
  using Question = std::function<void()>;
  void add(Question question);
  void run();

  std::mutex mutex_;
  std::condition_variable has_work_;
  std::deque<Question> questions_;
  bool is_stopping_ = false;
  std::thread thread_;
};

}  // namespace howdah
