// What is to happen in virtual time: the soonest first, and what falls together in the order in which it was asked for.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "base/instant.hpp"

namespace howdah::sim {

class Agenda {
 public:
  struct Entry {
    Instant when;
    std::uint64_t order;
    std::function<void()> what;
  };

  void add(Instant when, std::function<void()> what) {
    heap_.push_back({when, ++order_, std::move(what)});
    std::push_heap(heap_.begin(), heap_.end(), is_later);
  }
  bool has_until(Instant end) const { return !heap_.empty() && heap_.front().when <= end; }
  Entry take() {
    std::pop_heap(heap_.begin(), heap_.end(), is_later);
    Entry entry = std::move(heap_.back());
    heap_.pop_back();
    return entry;
  }

 private:
  static bool is_later(const Entry& one, const Entry& other) {
    return one.when != other.when ? one.when > other.when : one.order > other.order;
  }

  std::vector<Entry> heap_;
  std::uint64_t order_ = 0;
};

}  // namespace howdah::sim
