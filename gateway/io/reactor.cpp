#include "gateway/io/reactor.hpp"

#include <sys/eventfd.h>

#include <algorithm>
#include <ctime>

#include "base/assert.hpp"
#include "base/io/clock.hpp"

namespace howdah {

namespace {

std::uint32_t to_epoll(Interest interest) {
  return (interest.read ? EPOLLIN : 0U) | (interest.write ? EPOLLOUT : 0U);
}

}  // namespace

Reactor::Reactor()
    : epoll_(::epoll_create1(EPOLL_CLOEXEC)), wakeup_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), now_(monotonic_now()) {
  HOWDAH_ASSERT(epoll_.is_open() && wakeup_.is_open());
  epoll_event event{EPOLLIN, {.ptr = nullptr}};  // no watcher: the wake-up itself
  HOWDAH_ASSERT(::epoll_ctl(epoll_.value(), EPOLL_CTL_ADD, wakeup_.value(), &event) == 0);
}

void Reactor::watch(int fd, Watcher& watcher, Interest interest) {
  epoll_event event{to_epoll(interest), {.ptr = &watcher}};
  HOWDAH_ASSERT(::epoll_ctl(epoll_.value(), EPOLL_CTL_ADD, fd, &event) == 0);
}

void Reactor::change(int fd, Watcher& watcher, Interest interest) {
  epoll_event event{to_epoll(interest), {.ptr = &watcher}};
  HOWDAH_ASSERT(::epoll_ctl(epoll_.value(), EPOLL_CTL_MOD, fd, &event) == 0);
}

void Reactor::forget(int fd, Watcher& watcher) {
  ::epoll_ctl(epoll_.value(), EPOLL_CTL_DEL, fd, nullptr);
  for (int i = event_index_ + 1; i < event_count_; ++i)
    if (events_[static_cast<std::size_t>(i)].data.ptr == &watcher) events_[static_cast<std::size_t>(i)].events = 0;
  std::replace(again_.begin(), again_.end(), &watcher, static_cast<Watcher*>(nullptr));
  std::replace(again_now_.begin(), again_now_.end(), &watcher, static_cast<Watcher*>(nullptr));
}

void Reactor::call_again(Watcher& watcher) {
  if (std::find(again_.begin(), again_.end(), &watcher) == again_.end()) again_.push_back(&watcher);
}

void Reactor::post(std::function<void()> call) {
  {
    const std::scoped_lock lock(mutex_);
    posted_.push_back(std::move(call));
  }
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(wakeup_.value(), &one, sizeof one);  // full: it wakes up anyway
}

void Reactor::run() {
  while (!is_stopping_) {
    event_count_ = ::epoll_wait(epoll_.value(), events_.data(), kEventsPerTurn, wait_milliseconds());
    now_ = monotonic_now();
    dispatch(event_count_);
    run_again();
    timers_.fire(now_);
    run_deferred();
  }
}

void Reactor::stop() {
  post([this] { is_stopping_ = true; });
}

int Reactor::wait_milliseconds() const {
  if (!again_.empty() || !deferred_.empty()) return 0;
  const auto next = timers_.next();
  if (!next) return -1;
  const auto left = std::chrono::ceil<milliseconds>(*next - now_).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000));
}

void Reactor::dispatch(int count) {
  for (event_index_ = 0; event_index_ < count; ++event_index_) {
    const epoll_event& event = events_[static_cast<std::size_t>(event_index_)];
    if (event.events == 0) continue;
    if (event.data.ptr == nullptr) {
      run_posted();
      continue;
    }
    const bool is_broken = (event.events & (EPOLLERR | EPOLLHUP)) != 0;
    static_cast<Watcher*>(event.data.ptr)
        ->on_ready(is_broken || (event.events & EPOLLIN) != 0, is_broken || (event.events & EPOLLOUT) != 0);
  }
  event_count_ = 0;
}

void Reactor::run_again() {
  if (again_.empty()) return;
  again_now_.swap(again_);
  for (std::size_t i = 0; i < again_now_.size(); ++i)
    if (again_now_[i] != nullptr) again_now_[i]->on_ready(true, false);
  again_now_.clear();
}

void Reactor::run_deferred() {
  if (deferred_.empty()) return;
  std::vector<std::function<void()>> calls;
  calls.swap(deferred_);
  for (auto& call : calls) call();
}

void Reactor::run_posted() {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto got = ::read(wakeup_.value(), &count, sizeof count);
  std::vector<std::function<void()>> calls;
  {
    const std::scoped_lock lock(mutex_);
    calls.swap(posted_);
  }
  for (auto& call : calls) call();
}

}  // namespace howdah
