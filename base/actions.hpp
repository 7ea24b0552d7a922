// What a pure component wants done, in order. The caller owns it, runs the actions and empties it; the vector keeps
// its memory, so a steady state allocates nothing.
#pragma once

#include <utility>
#include <vector>

namespace howdah {

template <typename Action>
class Actions {
 public:
  template <typename T>
  void push(T&& action) {
    items_.emplace_back(std::forward<T>(action));
  }
  bool empty() const { return items_.empty(); }
  std::size_t size() const { return items_.size(); }
  auto begin() { return items_.begin(); }
  auto end() { return items_.end(); }
  auto begin() const { return items_.begin(); }
  auto end() const { return items_.end(); }
  Action& operator[](std::size_t index) { return items_[index]; }
  const Action& operator[](std::size_t index) const { return items_[index]; }
  void clear() { items_.clear(); }

 private:
  std::vector<Action> items_;
};

}  // namespace howdah
