// SHOW POOL_FAILOVERS: a row for each step of the last failovers, oldest first.
#pragma once

#include "failover/timeline.hpp"
#include "pcp/column.hpp"

#include <span>
#include <vector>

namespace howdah::pcp {

struct FailoverRow {
  const failover::FailoverRecord* record;
  const failover::FailoverStep* step;
};

std::vector<FailoverRow> failover_rows(const std::vector<failover::FailoverRecord>& records);
std::span<const Column<FailoverRow>> failover_columns();

}  // namespace howdah::pcp
