// The one command that a session gives Howdah (AskLocal) and no client can: to close a database's idle server connections,
// in the words of PgBouncer's console.
#pragma once

#include <string>
#include <string_view>

namespace howdah {

inline constexpr std::string_view kReconnect = "RECONNECT ";

inline std::string reconnect_order(std::string_view database) {
  std::string command(kReconnect);
  command += '"';
  for (const char c : database) {
    if (c == '"') command += c;
    command += c;
  }
  return command + '"';
}

// The database it names.
inline std::string reconnected_database(std::string_view command) {
  std::string database;
  for (std::size_t at = kReconnect.size() + 1; at + 1 < command.size(); ++at) {
    if (command[at] == '"') ++at;  // the first of two
    database += command[at];
  }
  return database;
}

inline bool is_reconnect_order(std::string_view command) { return command.starts_with(kReconnect); }

}  // namespace howdah
