// Which relations and settings a node answers for itself. Names as the parser gives them.
#pragma once

#include <string_view>

#include "sql_router/verdict.hpp"

namespace howdah {

// `read` if a replica may answer a query that names the relation. `schema` is empty if it is not qualified.
RouteReason judge_relation(std::string_view schema, std::string_view name);

// Whether the schema holds this connection's temporary objects.
bool is_temp_schema(std::string_view schema);

// `read` if SHOW of it says the same on every node. `name` in lower case; "all" for SHOW ALL.
RouteReason judge_setting(std::string_view name);

}  // namespace howdah
