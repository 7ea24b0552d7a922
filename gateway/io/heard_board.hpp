// When each node was last heard by any worker: whoever judges the nodes takes bytes for clients as a sign of life. Each
// worker writes cells of its own, apart from other workers' cache lines, with a plain store; the control thread reads.
#pragma once

#include <algorithm>
#include <atomic>
#include <memory>

#include "base/ids.hpp"
#include "base/instant.hpp"

namespace howdah {

class HeardBoard {
 public:
  // Nodes from 0 to `last_node`.
  HeardBoard(std::size_t workers, NodeId last_node)
      : workers_(workers),
        stride_((static_cast<std::size_t>(last_node.value) / kPerLine + 2) * kPerLine),  // one line between two workers
        cells_(std::make_unique<std::atomic<Instant>[]>(workers * stride_)) {}

  // On the thread of `worker` only.
  void note(std::size_t worker, NodeId node, Instant at) { cell(worker, node).store(at, std::memory_order_relaxed); }

  // From any thread.
  Instant newest(NodeId node) const {
    Instant newest{};
    for (std::size_t i = 0; i < workers_; ++i) newest = std::max(newest, cell(i, node).load(std::memory_order_relaxed));
    return newest;
  }

 private:
  static constexpr std::size_t kPerLine = 64 / sizeof(std::atomic<Instant>);
  std::atomic<Instant>& cell(std::size_t worker, NodeId node) const {
    return cells_[worker * stride_ + static_cast<std::size_t>(node.value)];
  }

  std::size_t workers_;
  std::size_t stride_;
  std::unique_ptr<std::atomic<Instant>[]> cells_;
};

}  // namespace howdah
