#include "gateway/io/timers.hpp"

namespace howdah {

Timer::~Timer() { heap_.remove(*this); }

void Timer::set(std::optional<Instant> due) {
  due_ = due;
  if (!due) return;
  if (index_ == kNotInHeap) {
    heap_.insert(*this, *due);
  } else if (*due < key_) {
    heap_.remove(*this);
    heap_.insert(*this, *due);
  }
}

std::optional<Instant> TimerHeap::next() const {
  if (heap_.empty()) return std::nullopt;
  return heap_.front()->key_;
}

void TimerHeap::fire(Instant now) {
  while (!heap_.empty() && heap_.front()->key_ <= now) {
    Timer& timer = *heap_.front();
    remove(timer);
    if (!timer.due_) continue;
    if (*timer.due_ > now) {
      insert(timer, *timer.due_);
      continue;
    }
    timer.due_.reset();
    const auto action = timer.action_;  // which may destroy the timer
    action();
  }
}

void TimerHeap::insert(Timer& timer, Instant key) {
  timer.key_ = key;
  heap_.push_back(&timer);
  timer.index_ = heap_.size() - 1;
  sift_up(timer.index_);
}

void TimerHeap::remove(Timer& timer) {
  if (timer.index_ == Timer::kNotInHeap) return;
  const std::size_t hole = timer.index_;
  timer.index_ = Timer::kNotInHeap;
  Timer* last = heap_.back();
  heap_.pop_back();
  if (last == &timer) return;
  place(hole, last);
  sift_up(hole);
  sift_down(last->index_);
}

void TimerHeap::sift_up(std::size_t index) {
  Timer* timer = heap_[index];
  while (index > 0) {
    const std::size_t parent = (index - 1) / 2;
    if (heap_[parent]->key_ <= timer->key_) break;
    place(index, heap_[parent]);
    index = parent;
  }
  place(index, timer);
}

void TimerHeap::sift_down(std::size_t index) {
  Timer* timer = heap_[index];
  for (;;) {
    std::size_t child = 2 * index + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && heap_[child + 1]->key_ < heap_[child]->key_) ++child;
    if (timer->key_ <= heap_[child]->key_) break;
    place(index, heap_[child]);
    index = child;
  }
  place(index, timer);
}

void TimerHeap::place(std::size_t index, Timer* timer) {
  heap_[index] = timer;
  timer->index_ = index;
}

}  // namespace howdah
