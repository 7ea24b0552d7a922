#include "sql_router/decision_table.hpp"

#include <fmt/format.h>

#include "sql_router/statement_table.hpp"

namespace howdah {

namespace {

std::string commands_where(RouteClass route, bool writes) {
  std::string commands;
  for (const StatementRow& row : statement_table())
    if (row.route == route && row.writes == writes)
      commands += fmt::format("{}{}", commands.empty() ? "" : "; ", row.commands);
  return commands;
}

}  // namespace

std::string decision_table() {
  std::string text = "| goes to | counts as a write | commands |\n|---|---|---|\n";
  for (const RouteClass route : {RouteClass::read, RouteClass::as_inner, RouteClass::transaction, RouteClass::state,
                                 RouteClass::primary, RouteClass::gateway})
    for (const bool writes : {false, true})
      if (const std::string commands = commands_where(route, writes); !commands.empty())
        text += fmt::format("| {} | {} | {} |\n", to_text(route), writes ? "yes" : "no", commands);
  return text;
}

}  // namespace howdah
