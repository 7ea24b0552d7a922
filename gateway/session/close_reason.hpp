// Why a client connection ended: one list for the log, the metric and SHOW.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace howdah {

enum class CloseReason {
  // keep in the order of kCloseReasons
  client_terminated,   // sent Terminate
  client_vanished,     // closed without it
  protocol_violation,  // sent what the protocol does not allow
  login_refused,
  timed_out,            // one of the timeouts of the settings
  server_lost,          // its server connection died in the middle of a message
  session_state_lost,   // its server connection died with state that cannot be carried
  server_misbehaved,    // the server said what the protocol does not allow
  shutting_down,
  evicted,              // an operator ended it (KILL, KILL_CLIENT in the console)
  internal_error,
};

struct CloseReasonRow {
  CloseReason reason;
  std::string_view name;
};

inline constexpr std::array kCloseReasons{
    CloseReasonRow{CloseReason::client_terminated, "client_terminated"},
    CloseReasonRow{CloseReason::client_vanished, "client_vanished"},
    CloseReasonRow{CloseReason::protocol_violation, "protocol_violation"},
    CloseReasonRow{CloseReason::login_refused, "login_refused"},
    CloseReasonRow{CloseReason::timed_out, "timed_out"},
    CloseReasonRow{CloseReason::server_lost, "server_lost"},
    CloseReasonRow{CloseReason::session_state_lost, "session_state_lost"},
    CloseReasonRow{CloseReason::server_misbehaved, "server_misbehaved"},
    CloseReasonRow{CloseReason::shutting_down, "shutting_down"},
    CloseReasonRow{CloseReason::evicted, "evicted"},
    CloseReasonRow{CloseReason::internal_error, "internal_error"},
};
static_assert([] {
  for (std::size_t i = 0; i < kCloseReasons.size(); ++i)
    if (static_cast<std::size_t>(kCloseReasons[i].reason) != i) return false;
  return kCloseReasons.size() == static_cast<std::size_t>(CloseReason::internal_error) + 1;
}());

constexpr std::string_view name_of(CloseReason reason) {
  return kCloseReasons[static_cast<std::size_t>(reason)].name;
}

}  // namespace howdah
