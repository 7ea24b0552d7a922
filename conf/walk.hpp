// Walks the table of parameters: every row of every group, in the order of declaration (Boost.PFR sees the members of
// the plain structs, so there is no second list to forget). Costs compile time: include it in .cpp files only.
#pragma once

#include "conf/settings.hpp"

#include <functional>
#include <string_view>

namespace howdah {

using ParamVisitor = std::function<void(ParamBase&)>;
using ConstParamVisitor = std::function<void(const ParamBase&)>;
// group: "clustering", "listen", ... "howdah", then "nodes", "databases", "users", "members", "heartbeats".
using GroupedVisitor = std::function<void(std::string_view group, const ParamBase&)>;

void for_each_param(Settings& settings, const ParamVisitor& visit);
void for_each_param(const Settings& settings, const ConstParamVisitor& visit);
void for_each_param_in_group(const Settings& settings, const GroupedVisitor& visit);

void for_each_param(NodeSettings& node, const ParamVisitor& visit);
void for_each_param(DatabaseSettings& database, const ParamVisitor& visit);
void for_each_param(UserSettings& user, const ParamVisitor& visit);
void for_each_param(WatchdogMember& member, const ParamVisitor& visit);
void for_each_param(Heartbeat& heartbeat, const ParamVisitor& visit);

template <typename Row>
void number_rows(Row& row, int number) {
  for_each_param(row, [number](ParamBase& param) { param.set_number(number); });
}

// The row of that full name ("port", "backend_weight1", "health_check_period0"); nothing if there is none.
const ParamBase* find_param(const Settings& settings, std::string_view name);
ParamBase* find_param(Settings& settings, std::string_view name);

}  // namespace howdah
