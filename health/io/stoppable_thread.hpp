// A thread that can be told to end while it waits: stop_fd() becomes readable then, is_stopping() true, and `wake` is
// called, which must end any other wait of the thread's own.
#pragma once

#include <atomic>
#include <functional>
#include <thread>

namespace howdah::health {

class StoppableThread {
 public:
  StoppableThread();
  ~StoppableThread();  // stop() must have been called if it was started
  StoppableThread(const StoppableThread&) = delete;
  StoppableThread& operator=(const StoppableThread&) = delete;

  void start(std::function<void()> work);
  void stop(const std::function<void()>& wake);  // joins

  // From the thread itself.
  bool is_stopping() const { return is_stopping_; }
  int stop_fd() const { return stop_fd_; }

 private:
  std::atomic<bool> is_stopping_ = false;
  int stop_fd_;
  std::thread thread_;
};

}  // namespace howdah::health
