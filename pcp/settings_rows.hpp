// The configuration as operators read it: SHOW POOL_STATUS and pcp_pool_status (Pgpool's rows in Pgpool's order, raw
// numbers); settings_rows.cpp also makes PGPOOL SHOW (pcp/reports.hpp; any parameter, values with units). Secrets never
// appear.
#pragma once

#include "pcp/reports.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace howdah::pcp {

struct SettingRow {
  std::string item;
  std::string value;
  std::string description;
};

// The rows of SHOW POOL_STATUS in the order of Pgpool 4.7, eight rows per node at the end.
std::vector<SettingRow> status_rows(const Facts& facts);

}  // namespace howdah::pcp
