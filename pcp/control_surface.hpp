// What the control side can be asked to do. PCP commands and SHOW reports see the rest of Howdah only through this
// interface; gateway/app implements it.
//
// Threads: every function is called on the control thread (the one whose io_context runs the PCP listener), and every
// callback is called on it too, exactly once, possibly before the function returns. What must ask workers or wait for
// a failover therefore hands its work on and posts the answer back; no function here blocks. The caller may have lost
// interest by then (its connection is gone): callbacks then do nothing.
#pragma once

#include "base/ids.hpp"
#include "base/instant.hpp"
#include "base/result.hpp"
#include "conf/settings.hpp"
#include "failover/timeline.hpp"
#include "gateway/stats.hpp"
#include "health/cluster_view.hpp"
#include "health/health_stats.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace howdah::pcp {

enum class StopMode {
  smart,      // no new clients; ends when the last one has left
  fast,       // clients are ended as soon as their transactions are
  immediate,  // at once
};

class ControlSurface {
 public:
  using Done = std::function<void(Result<void>)>;
  using StatsDone = std::function<void(GatewayStats)>;

  virtual ~ControlSurface() = default;

  // --- what is known now
  virtual ClusterViewPtr view() const = 0;
  virtual SettingsPtr settings() const = 0;
  virtual std::optional<health::HealthCheckStats> health_check_stats(NodeId node) const = 0;
  virtual std::vector<failover::FailoverRecord> failovers() const = 0;  // oldest first
  virtual std::string version() const = 0;  // Howdah's own, "0.1"

  // Asks every worker.
  virtual void collect_stats(StatsWanted wanted, StatsDone then) = 0;

  // --- orders. An error says why the order was not carried out, in words for the operator.
  virtual void attach(NodeId node, Done then) = 0;
  virtual void detach(NodeId node, Done then) = 0;
  // Gives the node no new work, waits until no client uses it, then detaches it. After `limit` it gives up: the node
  // is as before, and the error says that it was not detached.
  virtual void detach_gracefully(NodeId node, Duration limit, Done then) = 0;
  // A planned switchover to the node. Answers when the node is the primary or the attempt has been given up.
  virtual void promote(NodeId node, Done then) = 0;
  // Copies the primary onto a lost node by the operator's scripts and attaches it; may take hours. One at a time.
  virtual void recover(NodeId node, Done then) = 0;
  virtual bool is_recovering() const = 0;
  // Answers what the reading found; Pgpool's reply says "reload asked for", so PCP reports the error only.
  virtual void reload(Done then) = 0;
  // Answers when the stop is under way. The answer must still reach the operator: end only after the posted callback.
  virtual void stop(StopMode mode, Done then) = 0;
  virtual void rotate_log(Done then) = 0;
};

}  // namespace howdah::pcp
