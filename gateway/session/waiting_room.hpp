// How many clients wait for a node they can use, over all workers. While there is no primary each of them keeps what it has
// sent, and all of them come at once when there is one again: there is a limit (primary_wait_max_clients), and who comes
// beyond it is told so.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

namespace howdah {

class WaitingRoom {
 public:
  // From any thread.
  bool enter(std::uint32_t most) {
    if (count_.fetch_add(1, std::memory_order_relaxed) < most) return true;
    leave();
    return false;
  }
  void leave() { count_.fetch_sub(1, std::memory_order_relaxed); }
  std::uint32_t count() const { return count_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint32_t> count_{0};
};

// One client's place in it. The room outlives it.
class WaitingPlace {
 public:
  WaitingPlace() = default;
  WaitingPlace(const WaitingPlace&) = delete;
  WaitingPlace& operator=(const WaitingPlace&) = delete;
  ~WaitingPlace() { leave(); }

  // Who has one keeps it. `most` 0: there is no limit.
  bool take(WaitingRoom& room, std::uint32_t most) {
    if (room_ == nullptr && room.enter(most == 0 ? UINT32_MAX : most)) room_ = &room;
    return room_ != nullptr;
  }
  void leave() {
    if (WaitingRoom* left = std::exchange(room_, nullptr)) left->leave();
  }

 private:
  WaitingRoom* room_ = nullptr;
};

}  // namespace howdah
