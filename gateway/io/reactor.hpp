// The event loop of one worker: readiness of descriptors, deadlines, and calls posted from other threads. The only
// place that knows where readiness comes from: level-triggered epoll, which needs no system call to wait again after a
// statement. Everything except post() and stop() belongs to the thread that runs run().
#pragma once

#include <sys/epoll.h>

#include <array>
#include <functional>
#include <mutex>
#include <vector>

#include "base/instant.hpp"
#include "base/io/unique_fd.hpp"
#include "gateway/io/timers.hpp"

namespace howdah {

struct Interest {
  bool read = true;
  bool write = false;
  friend bool operator==(Interest, Interest) = default;
};

// Told when its descriptor can be read, written, or is broken (then both: the next recv or send says how).
class Watcher {
 public:
  virtual void on_ready(bool readable, bool writable) = 0;

 protected:
  ~Watcher() = default;
};

class Reactor {
 public:
  Reactor();
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;

  void watch(int fd, Watcher& watcher, Interest interest);
  void change(int fd, Watcher& watcher, Interest interest);
  // Safe at any moment, also while events of this turn are being handed out.
  void forget(int fd, Watcher& watcher);
  // The watcher is called as readable at the end of this turn: its bytes are already in memory (TLS).
  void call_again(Watcher& watcher);

  // Runs in the loop's thread, soon. Callable from every thread.
  void post(std::function<void()> call);
  // At the end of this turn, in order; only from the loop's own thread.
  void defer(std::function<void()> call) { deferred_.push_back(std::move(call)); }

  // The time at which this turn began.
  Instant now() const { return now_; }
  TimerHeap& timers() { return timers_; }

  void run();
  void stop();

 private:
  static constexpr int kEventsPerTurn = 128;
  int wait_milliseconds() const;
  void dispatch(int count);
  void run_again();
  void run_deferred();
  void run_posted();

  UniqueFd epoll_;
  UniqueFd wakeup_;
  std::array<epoll_event, kEventsPerTurn> events_;
  int event_count_ = 0;
  int event_index_ = 0;
  std::vector<Watcher*> again_, again_now_;
  std::vector<std::function<void()>> deferred_;
  TimerHeap timers_;
  Instant now_;
  bool is_stopping_ = false;

  std::mutex mutex_;  // guards posted_
  std::vector<std::function<void()>> posted_;
};

}  // namespace howdah
