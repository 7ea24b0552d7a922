// Clients and server connections as operators see them: SHOW POOL_PROCESSES, SHOW POOL_POOLS and pcp_proc_info.
//
// Pgpool has a process per client slot; Howdah has a few worker threads. So a "process" here is a worker, its pid the
// kernel's number of its thread. POOL_POOLS and pcp_proc_info list the worker's server connections, one per row, the
// slot counted per worker; POOL_PROCESSES lists its clients. A worker without any gets one empty row, so that it is
// seen.
#pragma once

#include "gateway/stats.hpp"
#include "pcp/column.hpp"

#include <span>
#include <string>
#include <vector>

namespace howdah::pcp {

struct PoolRow {
  const WorkerStats* worker = nullptr;
  std::size_t slot = 0;
  const ServerStats* server = nullptr;  // null: the empty row
  const ClientStats* client = nullptr;  // who holds the connection now
};

struct ProcessRow {
  const WorkerStats* worker = nullptr;
  const ClientStats* client = nullptr;  // null: the empty row
  const ServerStats* server = nullptr;  // the connection the client holds now
};

// The rows point into `stats`.
std::vector<PoolRow> pool_rows(const GatewayStats& stats);
std::vector<ProcessRow> process_rows(const GatewayStats& stats);

std::span<const Column<PoolRow>> pool_columns();  // 21; Pgpool 4.3 has the first 17
std::span<const Column<ProcessRow>> process_columns();
inline constexpr std::size_t kPoolColumnsOf43 = 17;

}  // namespace howdah::pcp
