// Text in, traits out. Pure; safe from every thread at once. Takes about as long as the parser; use ParseCache.
#pragma once

#include <string_view>

#include "sql_router/routing_options.hpp"
#include "sql_router/traits.hpp"

namespace howdah {

Traits classify(std::string_view text, const RoutingOptions& options);

// Such a text is not parsed: the scanner could take seconds.
bool is_slow_to_scan(std::string_view text);

}  // namespace howdah
