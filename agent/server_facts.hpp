// What an agent knows of its server: whether it runs, as what, and how far its history goes. Read from the data directory
// and the process table, not by SQL: a server that hangs or is down is told about, too.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.hpp"
#include "base/lsn.hpp"

namespace howdah::agent {

enum class ServerState {
  absent,   // there is no data directory
  stopped,  // no process of it is left
  primary,  // runs, and has no standby.signal
  standby,  // runs with one
};
const char* to_text(ServerState state);
std::optional<ServerState> parse_server_state(std::string_view text);

struct ServerFacts {
  ServerState state = ServerState::absent;
  bool is_clean = false;               // stopped, and in order
  std::uint64_t system_identifier = 0;
  TimelineId timeline = {};            // the newest it has seen: of pg_control or of a history file
  Lsn checkpoint = {};                 // "Latest checkpoint location": where the shutdown checkpoint lies if it is clean

  bool is_running() const { return state == ServerState::primary || state == ServerState::standby; }
};

// What the shell finds; `control_data` is what pg_controldata prints in the C locale.
struct ServerTraces {
  std::string control_data = {};
  std::vector<std::string> wal_files = {};  // names in pg_wal
  bool has_processes = false;               // a postmaster, or what one has left behind
  bool has_standby_signal = false;
};

// pg_control tells the timeline of the last checkpoint, which a promotion makes minutes late; the history file is there at once.
ServerFacts facts_of(const ServerTraces& traces);

}  // namespace howdah::agent
