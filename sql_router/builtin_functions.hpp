// The names of pg_catalog's functions, by volatility. Lower case as in the catalog.
#pragma once

#include <string_view>

namespace howdah {

bool is_stable_builtin(std::string_view name);    // immutable or stable in every overload
bool is_volatile_builtin(std::string_view name);  // volatile in at least one

}  // namespace howdah
