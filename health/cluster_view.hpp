// The nouns of the project: what Howdah knows about the PostgreSQL nodes at one moment. The control side publishes a
// new immutable ClusterView at every change; workers, PCP and SHOW read it. Nobody edits a published one.
// Node states and their numbers are Pgpool's (pcp_node_info, SHOW POOL_NODES).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "base/instant.hpp"
#include "base/lsn.hpp"

namespace howdah {

enum class Role { unknown, primary, standby };

enum class NodeState {
  unused = 0,   // the number is not configured
  waiting = 1,  // usable, no client connection made yet
  up = 2,       // usable
  down = 3,     // not used
};

struct NodeView {
  NodeId id;
  std::string host;  // as configured: name, address, or a directory with leading '/'
  std::uint16_t port = 0;
  double weight = 0;  // as configured; shares are weight / sum of weights

  NodeState state = NodeState::down;
  bool is_quarantined = false;
  bool is_detached = false;       // down because an operator said so: never comes back by itself
  std::string down_reason = {};   // why it is down or suspected, for people; empty when up
  WallTime state_changed_at = {};

  Role role = Role::unknown;           // the role Howdah uses
  bool answers = false;                // the newest probe was answered
  Role probed_role = Role::unknown;    // what the newest probe said
  TimelineId timeline = {};
  Lsn position = {};                   // primary: flushed; standby: greatest(received, replayed)
  Lsn replayed = {};                   // standby: replayed; primary: the same as position
  std::optional<std::uint64_t> lag_bytes = {};    // standby: primary's position minus replayed; nothing if unknown
  std::optional<microseconds> lag_time = {};      // pg_stat_replication.replay_lag, if known
  std::string replication_state = {};  // pg_stat_replication.state; empty if unknown
  std::string sync_state = {};         // pg_stat_replication.sync_state; empty if unknown

  bool is_usable() const { return state == NodeState::up || state == NodeState::waiting; }
};

// A flush position of the primary, asked at `asked_at`: every commit acknowledged before that moment is at or below it.
struct PrimarySample {
  Instant asked_at = {};
  Lsn flushed = {};
};

struct ClusterView {
  Epoch epoch = {};               // grows whenever the primary changes
  std::uint64_t version = 0;      // grows with every published view
  std::vector<NodeView> nodes;    // in order of id; ids may have gaps
  std::optional<NodeId> primary;  // the node that may be sent writes; none while there is none or it is not trusted
  bool is_switching = false;      // a failover or switchover is running: statements that need a primary wait
  std::optional<PrimarySample> primary_sample;

  const NodeView* find(NodeId id) const {
    for (const NodeView& node : nodes)
      if (node.id == id) return &node;
    return nullptr;
  }
  const NodeView* primary_node() const { return primary ? find(*primary) : nullptr; }
};

using ClusterViewPtr = std::shared_ptr<const ClusterView>;  // shared: readers keep the one they started with

}  // namespace howdah
