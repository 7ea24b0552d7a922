// What calling a function means for routing. Rows in function_table.cpp name the built-in functions that need more than
// their volatility to be judged; all other built-ins are judged by pg_proc's volatility, and a name that is neither is
// somebody's own function, of which nothing is known. Names are those of the parser: lower case unless quoted.
#pragma once

#include <optional>
#include <string_view>

#include "sql_router/routing_options.hpp"
#include "sql_router/traits.hpp"

namespace howdah {

struct FunctionJudgement {
  RouteReason reason = RouteReason::read;  // read: a replica may run it
  bool may_write = false;
  std::optional<PinReason> pin = {};
  std::optional<Unpin> unpin = {};
};

// `schema` is empty if the call is not qualified. A user's function with a built-in's name that search_path puts first
// is taken for the built-in.
FunctionJudgement judge_function(std::string_view schema, std::string_view name, const RoutingOptions& options);

}  // namespace howdah
