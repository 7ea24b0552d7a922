// When the newest write was acknowledged to any client, over all workers: what read_consistency = global asks. Each worker
// writes its own slot, on a cache line of its own, and only where a transaction that may have written ends; the slots
// are read for reads that are global, and for nothing else.
//
// A write is published before its acknowledgement is sent. Who learns of it through the client and reads then, through
// any worker, must find it here: the store is sequentially consistent, so it is visible before the bytes leave; the
// reader's loads come after it got the bytes of its own client.
#pragma once

#include <atomic>
#include <memory>

#include "base/instant.hpp"

namespace howdah {

class WriteBoard {
 public:
  // `start`: what was acknowledged before, by an earlier process, counts as acknowledged then.
  WriteBoard(std::size_t workers, Instant start) : slots_(std::make_unique<Slot[]>(workers)), count_(workers) {
    for (std::size_t i = 0; i < workers; ++i) publish(i, start);
  }

  // On the thread of `worker` only. `at`: the clock after the acknowledgement was received.
  void publish(std::size_t worker, Instant at) { slots_[worker].at.store(at, std::memory_order_seq_cst); }

  // From any thread.
  Instant newest() const {
    Instant newest{};
    for (std::size_t i = 0; i < count_; ++i) newest = std::max(newest, slots_[i].at.load(std::memory_order_seq_cst));
    return newest;
  }

 private:
  static constexpr std::size_t kCacheLine = 64;
  struct alignas(kCacheLine) Slot {
    std::atomic<Instant> at{};
  };
  static_assert(std::atomic<Instant>::is_always_lock_free);

  std::unique_ptr<Slot[]> slots_;
  std::size_t count_;
};

}  // namespace howdah
