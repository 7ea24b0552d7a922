// One node as operators see it, and the columns made from it: SHOW POOL_NODES and pcp_node_info,
// POOL_HEALTH_CHECK_STATS and pcp_health_check_stats, POOL_BACKEND_STATS. A new column of these is one line in
// node_rows.cpp.
#pragma once

#include "gateway/stats.hpp"
#include "health/cluster_view.hpp"
#include "health/health_stats.hpp"
#include "pcp/column.hpp"
#include "pcp/reports.hpp"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace howdah::pcp {

struct NodeRow {
  NodeView node;
  double share = 0;               // of all weights
  std::string_view role;          // in Pgpool's words
  bool is_main = false;           // raw mode: the first usable node
  bool is_streaming = true;       // streaming replication, not raw
  bool is_probed = true;          // health_check_period of the node > 0
  bool is_role_probed = true;     // sr_check_period > 0
  bool is_delay_in_time = false;  // delay_threshold_by_time > 0
  bool is_for_asker = false;      // drawn for the asking session's reads
  NodeCounters counters = {};
  health::HealthCheckStats health = {};
};

std::vector<NodeRow> node_rows(const Facts& facts);

std::string status_name(const NodeView& node);  // waiting, up, down, quarantine, unused

std::span<const Column<NodeRow>> node_columns();           // SHOW POOL_NODES
std::span<const Column<NodeRow>> health_columns();         // SHOW POOL_HEALTH_CHECK_STATS and pcp_health_check_stats
std::span<const Column<NodeRow>> backend_stats_columns();  // SHOW POOL_BACKEND_STATS

// The fields of pcp_node_info, which are numbers where SHOW has words. Pgpool 4.4 put "delay is in time" into the
// middle; clients of 4.3 cannot read records that have it.
std::vector<std::string> node_record(const NodeRow& row, bool has_delay_kind);

}  // namespace howdah::pcp
