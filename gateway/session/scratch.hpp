// Memory for bytes a session makes itself within one on(): addresses stay good until reset(). Keeps one small block, so
// that a session that only relays needs none and a steady state allocates nothing.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"

namespace howdah {

class Scratch {
 public:
  void reset() {
    if (blocks_.size() > 1) blocks_.erase(blocks_.begin() + 1, blocks_.end());
    used_ = 0;
  }

  Bytes keep(Bytes bytes) {
    if (bytes.empty()) return {};
    if (blocks_.empty() || blocks_.back().size - used_ < bytes.size()) add_block(bytes.size());
    char* place = blocks_.back().bytes.get() + used_;
    std::memcpy(place, bytes.data(), bytes.size());
    used_ += bytes.size();
    return {place, bytes.size()};
  }

 private:
  struct Block {
    std::unique_ptr<char[]> bytes;
    std::size_t size;
  };

  void add_block(std::size_t wanted) {
    constexpr std::size_t kFirst = 512;  // holds a rewritten batch; what most sessions ever need
    const std::size_t size = std::max(wanted, blocks_.empty() ? kFirst : kFirst * 8);
    blocks_.push_back({std::make_unique_for_overwrite<char[]>(size), size});
    used_ = 0;
  }

  std::vector<Block> blocks_;
  std::size_t used_ = 0;  // of the last block
};

// Client bytes that must wait, and those kept for running a request again: a queue with stable addresses until the next
// append() or prepend().
class ByteQueue {
 public:
  Bytes view() const { return {bytes_.data() + begin_, bytes_.size() - begin_}; }
  std::size_t size() const { return bytes_.size() - begin_; }
  bool empty() const { return size() == 0; }

  void append(Bytes more) {
    compact();
    bytes_.insert(bytes_.end(), more.begin(), more.end());
  }
  void prepend(Bytes before) {
    compact();
    bytes_.insert(bytes_.begin(), before.begin(), before.end());
  }
  void drop(std::size_t count) { begin_ += count; }
  void clear() { begin_ = bytes_.size(); }
  // Gives back memory that an idle session should not hold.
  void shrink() {
    constexpr std::size_t kKeep = 2048;
    if (empty() && bytes_.capacity() > kKeep) {
      bytes_ = {};
      begin_ = 0;
    }
  }

 private:
  void compact() {
    if (begin_ == 0) return;
    bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(begin_));
    begin_ = 0;
  }

  std::vector<char> bytes_;
  std::size_t begin_ = 0;
};

}  // namespace howdah
