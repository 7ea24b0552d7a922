// Commands Howdah answers itself, recognised before anything is parsed: SHOW POOL_*, PGPOOL SHOW/SET/RESET, EXPLAIN
// ROUTE, and SHOW/SET/RESET of what begins with "howdah.", in any case, after blanks and comments, ended by `;` or the
// end of the text.
#pragma once

#include <string_view>

#include "sql_router/traits.hpp"

namespace howdah {

// Kind none if the text does not begin with one. A misspelt one is none, too: the server will say so.
GatewayCommand recognise_gateway_command(std::string_view text);

// Whether the text begins with the comment that keeps a statement on the primary.
bool begins_with_no_load_balance(std::string_view text);

}  // namespace howdah
