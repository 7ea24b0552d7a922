#include "health/io/stoppable_thread.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

namespace howdah::health {

StoppableThread::StoppableThread() : stop_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
StoppableThread::~StoppableThread() { ::close(stop_fd_); }

void StoppableThread::start(std::function<void()> work) { thread_ = std::thread(std::move(work)); }

void StoppableThread::stop(const std::function<void()>& wake) {
  is_stopping_ = true;
  eventfd_write(stop_fd_, 1);
  wake();
  if (thread_.joinable()) thread_.join();
}

}  // namespace howdah::health
