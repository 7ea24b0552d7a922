// PgBouncer's settings under the names they have here, and their values as PgBouncer writes them: times in seconds,
// booleans as 0 and 1.
#pragma once

#include "conf/settings.hpp"

#include <string>
#include <string_view>

namespace howdah::pcp {

// The parameter that means the same; the name itself where there is no other.
std::string_view own_name_of(std::string_view pgbouncer_name);

// A setting of PgBouncer's that has no counterpart here.
bool is_without_meaning(std::string_view pgbouncer_name, const Settings& settings);

std::string console_value(const ParamBase& param);

}  // namespace howdah::pcp
