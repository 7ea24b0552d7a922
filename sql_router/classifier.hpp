// Text in, traits out. Pure; safe from every thread at once. Takes about as long as the parser; use ParseCache.
#pragma once

#include <string_view>

#include "sql_router/catalog/body_reading.hpp"
#include "sql_router/catalog/catalog_facts.hpp"
#include "sql_router/routing_options.hpp"
#include "sql_router/traits.hpp"

namespace howdah {

// `facts`: what the database's functions and relations do.
Traits classify(std::string_view text, const RoutingOptions& options,
                const CatalogFacts& facts = CatalogFacts::unread());

// The statements of a function's body or a view, without what the things they name do.
BodyReading read_sql(std::string_view text);

// Such a text is not parsed: the scanner could take seconds.
bool is_slow_to_scan(std::string_view text);

}  // namespace howdah
