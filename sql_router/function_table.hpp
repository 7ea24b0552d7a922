// What calling a function means for routing. Rows in function_table.cpp name the built-in functions that need more than
// their volatility to be judged; all other built-ins are judged by pg_proc's volatility, and a name that is neither is
// somebody's own function, of which nothing is known. Names are those of the parser: lower case unless quoted.
#pragma once

#include <optional>
#include <string_view>

#include "sql_router/effects.hpp"
#include "sql_router/routing_options.hpp"

namespace howdah {

// Effects of a function of PostgreSQL's own; nothing if there is none of that name. The schema is empty if the call is not
// qualified.
std::optional<Effects> judge_builtin(std::string_view schema, std::string_view name);

// Effects of somebody's volatile function in C by its name: of those in PostgreSQL's own extensions it is known what they
// do. Nothing for others.
std::optional<Effects> judge_extension_function(std::string_view name);

// read_only_function_list and write_function_list have the last word on what a statement calls, by the name as written.
Effects judge_by_lists(const ObjectName& name, Effects effects, const RoutingOptions& options);

}  // namespace howdah
