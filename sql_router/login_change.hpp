// Statements after which logging in gives another session than before: other defaults (ALTER ROLE, ALTER DATABASE ... SET), another
// role behind the same name, or none at all. A server connection keeps what it was given when it began, so pools must not
// lend those that began earlier to clients that come later. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace howdah {

struct LoginChange {
  std::string role = {};      // empty: of every role
  std::string database = {};  // as the servers call it; empty: in every database

  bool concerns(std::string_view of_role, std::string_view in_database) const {
    return (role.empty() || role == of_role) && (database.empty() || database == in_database);
  }
  friend bool operator==(const LoginChange&, const LoginChange&) = default;
};

// Of each statement in the text that is one. Those inside functions and DO are not seen.
std::vector<LoginChange> login_changes_of(std::string_view sql);

}  // namespace howdah
