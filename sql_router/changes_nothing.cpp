#include "sql_router/changes_nothing.hpp"

#include "sql_router/function_table.hpp"

namespace howdah {

bool changes_nothing(RouteReason reason) {
  switch (reason) {
    case RouteReason::locks_rows:  // until the statement is over
    case RouteReason::system_catalog:
    case RouteReason::node_local_relation:
    case RouteReason::node_local_setting: return true;
    default: return false;
  }
}

// What stands behind a view is told in `because`, and only the first reason of it.
bool changes_nothing(const Effects& relation) {
  if (relation.reason == RouteReason::read) return true;
  const bool is_table = relation.reason == RouteReason::sequence_value || relation.reason == RouteReason::unlogged_table;
  return is_table && relation.because.empty() && !relation.may_write;
}

// What the catalog has not read through, our own table knows of PostgreSQL's.
bool changes_nothing(const ObjectName& function, const Effects& found, RouteReason judged) {
  if (judged == RouteReason::listed_write_function) return false;
  if (judged == RouteReason::read || found.reason == RouteReason::read) return true;
  return !found.may_write && found.pins.is_empty() && judge_builtin(function.schema, function.name) == found;
}

}  // namespace howdah
