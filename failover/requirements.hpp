// What native failover needs of each server: rights of Howdah's role, and settings the plan depends on. One row each:
// how it is asked, what goes wrong without it, and the SQL that mends it. `howdah --check --online` asks.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "failover/failover_options.hpp"

namespace howdah::failover {

struct Requirement {
  std::string_view holds;      // an SQL expression, true where all is well
  std::string_view without_it;
  std::string_view mend;       // SQL, to be run on the primary as a superuser unless it says otherwise
  bool is_needed = true;       // else advice
  int from_version = 0;        // server_version_num
  bool is_for_standbys = false;
};

std::span<const Requirement> requirements();

// One statement whose only row has the server's version, 1 for a standby, and then a column for each requirement: 1, 0, or
// NULL where it does not apply. `version` is what the server told before.
std::string sql_requirements(int version);

struct Shortcoming {
  bool is_needed = true;
  std::string text = {};
  std::string mend = {};
};
std::vector<Shortcoming> find_shortcomings(std::span<const std::optional<std::string>> row);

}  // namespace howdah::failover
