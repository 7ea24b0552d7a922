// Who may use the PgBouncer console: the database name that stands for it, and what a user may do there.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace howdah {

inline constexpr std::string_view kConsoleDatabase = "pgbouncer";
// May come in without a password over a Unix-domain socket as the operating system's user we run as.
inline constexpr std::string_view kConsoleOwner = "pgbouncer";

enum class ConsoleRole : std::uint8_t { none, stats, admin };

// admin_users and stats_users. While both are empty there is no console, and the name is a database like any other.
struct ConsoleAccess {
  std::vector<std::string> admins = {};
  std::vector<std::string> watchers = {};

  bool is_open() const { return !admins.empty() || !watchers.empty(); }
  bool is_console(std::string_view database) const { return is_open() && database == kConsoleDatabase; }
  ConsoleRole role_of(std::string_view user) const {
    if (std::ranges::find(admins, user) != admins.end()) return ConsoleRole::admin;
    return std::ranges::find(watchers, user) != watchers.end() ? ConsoleRole::stats : ConsoleRole::none;
  }
};

}  // namespace howdah
