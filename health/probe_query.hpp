// The state query and how its one row is read. One round trip tells everything about a node: role, timeline, positions,
// WAL receiver, system, and on a primary its standbys. Works for a role with pg_monitor on PostgreSQL 12 and later.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "health/events.hpp"

namespace howdah::health {

using ProbeRow = std::vector<std::optional<std::string>>;

std::string_view probe_query();
Result<ProbeResult> parse_probe_row(const ProbeRow& row);

}  // namespace howdah::health
