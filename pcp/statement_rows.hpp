// SHOW POOL_STATEMENTS and SHOW POOL_ROUTING: what statements cost, and why they go where they go, summed over workers.
#pragma once

#include <span>
#include <vector>

#include "gateway/stats.hpp"
#include "pcp/column.hpp"

namespace howdah::pcp {

// One fingerprint; those with the greatest total time first.
std::vector<StatementStats> statement_rows(const GatewayStats& stats);
std::span<const Column<StatementStats>> statement_columns();

// Upper bound of the times of `percent` of the calls, in milliseconds: the end of the histogram's bucket.
double percentile_ms(const StatementStats& statement, double percent);

// One reason that has been counted; the commonest first.
std::vector<ReasonCount> reason_rows(const GatewayStats& stats);
std::span<const Column<ReasonCount>> reason_columns();

}  // namespace howdah::pcp
