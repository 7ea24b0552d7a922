// What Howdah must still know after a restart, and how it is written. Two small text files in work_dir: Pgpool's
// `pgpool_status` (one word per node: up, down, unused), so that either program reads the other's, and `howdah_status`
// with what Pgpool has no place for. Pure: failover/io/journal reads and writes the files.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.hpp"

namespace howdah::failover {

// Made read-only by Howdah, not opened again yet.
struct ClosedNode {
  NodeId node = {};
  bool is_fenced = false;              // by all three fences (failover/statements.hpp), not only read-only
  std::string synchronous_names = {};  // what ALTER SYSTEM had set before; empty: nothing

  friend bool operator==(const ClosedNode&, const ClosedNode&) = default;
};

struct KeptState {
  Epoch epoch = {};
  std::optional<NodeId> primary = {};
  TimelineId timeline = {};
  std::uint64_t system_identifier = 0;
  std::vector<NodeId> nodes = {};      // all configured
  std::vector<NodeId> down = {};       // includes the detached ones
  std::vector<NodeId> detached = {};   // by an operator
  std::vector<ClosedNode> closed = {};
  std::vector<NodeId> former = {};     // were primary; not seen as standbys since
  std::vector<NodeId> outcasts = {};   // became primary beside a living one (health/role_detector.hpp)

  friend bool operator==(const KeptState&, const KeptState&) = default;
};

std::string to_pgpool_status(const KeptState& state);
std::string to_howdah_status(const KeptState& state);

// Reads both texts; unknown lines are left out. If no node is up in pgpool_status, all are taken as up (as Pgpool does).
KeptState parse_kept_state(std::string_view pgpool_status, std::string_view howdah_status);

}  // namespace howdah::failover
