// Hands the newest ClusterView from the control thread to everybody else. Workers load it once per routing decision.
#pragma once

#include <atomic>
#include <memory>

#include "health/cluster_view.hpp"

namespace howdah::health {

class ViewPublisher {
 public:
  // From any thread; never null: an empty view before the first one.
  ClusterViewPtr newest() const { return view_.load(std::memory_order_acquire); }
  // From the control thread.
  void publish(ClusterViewPtr view) { view_.store(std::move(view), std::memory_order_release); }

 private:
  std::atomic<ClusterViewPtr> view_{std::make_shared<const ClusterView>()};
};

}  // namespace howdah::health
