// How many parameters a text refers to: the highest n of its $n outside strings, names and comments. For describing an
// EXPLAIN ROUTE, whose statement no server sees.
#pragma once

#include <cstddef>
#include <string_view>

namespace howdah {

std::size_t parameter_count(std::string_view text);

}  // namespace howdah
