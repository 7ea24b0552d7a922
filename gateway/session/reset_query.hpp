// Which state that ties a session to its server connection which statements take away; and server_reset_query, read that way, so
// that of one that does less than DISCARD ALL it is known what stays. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sql_router/traits.hpp"

namespace howdah {

// What has gone when a statement that does `done` has succeeded outside a transaction.
PinReasons taken_away(Unpins done);

struct ResetQuery {
  std::string sql = {};                 // empty: there is none
  std::vector<SessionStep> steps = {};  // what it does to settings
  PinReasons undone = {};
  bool drops_statements = false;
};

ResetQuery read_reset_query(std::string_view sql);

}  // namespace howdah
