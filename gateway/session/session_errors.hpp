// Errors of the session's own that several of its steps tell.
#pragma once

#include <string_view>

#include "base/result.hpp"

namespace howdah::session {

Error statement_mode_error();                     // BEGIN in statement mode
Error undone_error();                             // the server was lost, and what the client asked for has not happened
Error no_statement(std::string_view name);        // the client has no prepared statement of that name; empty: the unnamed one
Error statement_exists(std::string_view name);

}  // namespace howdah::session
