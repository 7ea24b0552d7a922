// Deadlines of one worker: a heap of timers that live inside their owners. Made for deadlines that move with every
// statement: putting one off, or dropping it, touches only the timer itself; the heap learns of it when the old moment
// comes. Used by the reactor; one thread.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <vector>

#include "base/instant.hpp"

namespace howdah {

class TimerHeap;

class Timer {
 public:
  Timer(TimerHeap& heap, std::function<void()> action) : heap_(heap), action_(std::move(action)) {}
  ~Timer();
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  // Nothing: it does not fire.
  void set(std::optional<Instant> due);

 private:
  friend class TimerHeap;
  static constexpr std::size_t kNotInHeap = static_cast<std::size_t>(-1);

  TimerHeap& heap_;
  std::function<void()> action_;
  std::optional<Instant> due_;
  Instant key_ = {};  // its place in the heap; never later than due_
  std::size_t index_ = kNotInHeap;
};

class TimerHeap {
 public:
  // When the reactor must wake up at the latest.
  std::optional<Instant> next() const;
  // Runs the actions that are due.
  void fire(Instant now);

 private:
  friend class Timer;
  void insert(Timer& timer, Instant key);
  void remove(Timer& timer);
  void sift_up(std::size_t index);
  void sift_down(std::size_t index);
  void place(std::size_t index, Timer* timer);

  std::vector<Timer*> heap_;
};

}  // namespace howdah
