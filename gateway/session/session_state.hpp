// Where a session is in its life, and which changes are legal. Session::set_state is the only writer; it checks the
// table, logs the change and counts it. README.md shows the table (a test compares).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace howdah {

enum class SessionState : std::uint8_t {
  // keep in the order of kSessionStates
  starting,         // logged in; a server connection checks its startup settings
  idle,             // nothing asked, no server connection
  waiting_lease,    // asked the pool for a server connection
  waiting_primary,  // no primary is known; the statement waits for one
  waiting_local,    // asked Howdah itself (SHOW POOL_*, PGPOOL)
  busy,             // the server owes answers
  holding,          // keeps a server connection that owes nothing: in a transaction, pinned, or session mode
  failed,           // the server connection died inside a transaction, which is shown as failed until it is ended
  draining,         // what the server still answers is swallowed; then the request runs elsewhere
  closed,
};

struct SessionStateRow {
  SessionState state;
  std::string_view name;
  std::string_view meaning;
  std::array<SessionState, 8> next;  // legal successors; filled up with the state itself
};

inline constexpr auto kSessionStates = [] {
  using enum SessionState;
  return std::array{
      SessionStateRow{starting, "starting", "a server connection checks the startup settings",
                      {idle, closed, starting, starting, starting, starting, starting, starting}},
      SessionStateRow{idle, "idle", "nothing asked, no server connection",
                      {waiting_lease, waiting_primary, waiting_local, failed, closed, idle, idle, idle}},
      SessionStateRow{waiting_lease, "waiting_lease", "the pool was asked for a server connection",
                      {busy, idle, waiting_primary, holding, waiting_local, failed, closed, waiting_lease}},
      SessionStateRow{waiting_primary, "waiting_primary", "no primary is known; the statement waits for one",
                      {waiting_lease, idle, holding, failed, closed, waiting_primary, waiting_primary, waiting_primary}},
      SessionStateRow{waiting_local, "waiting_local", "Howdah itself answers (SHOW POOL_*, PGPOOL)",
                      {idle, waiting_lease, waiting_primary, busy, holding, failed, closed, waiting_local}},
      SessionStateRow{busy, "busy", "the server owes answers",
                      {idle, holding, failed, draining, waiting_lease, waiting_primary, waiting_local, closed}},
      SessionStateRow{holding, "holding", "keeps a server connection that owes nothing",
                      {busy, idle, failed, waiting_local, waiting_lease, waiting_primary, closed, holding}},
      SessionStateRow{failed, "failed", "a lost transaction is shown as failed until the client ends it",
                      {idle, closed, holding, failed, failed, failed, failed, failed}},
      SessionStateRow{draining, "draining", "remaining answers are swallowed; then the request runs elsewhere",
                      {idle, waiting_lease, waiting_primary, holding, failed, closed, draining, draining}},
      SessionStateRow{closed, "closed", "over",
                      {closed, closed, closed, closed, closed, closed, closed, closed}},
  };
}();
static_assert([] {
  for (std::size_t i = 0; i < kSessionStates.size(); ++i)
    if (static_cast<std::size_t>(kSessionStates[i].state) != i) return false;
  return kSessionStates.size() == static_cast<std::size_t>(SessionState::closed) + 1;
}());

constexpr std::string_view name_of(SessionState state) {
  return kSessionStates[static_cast<std::size_t>(state)].name;
}

constexpr bool is_legal(SessionState from, SessionState to) {
  for (const SessionState next : kSessionStates[static_cast<std::size_t>(from)].next)
    if (next == to && to != from) return true;
  return false;
}

// The table as README.md shows it.
std::string render_session_states();

}  // namespace howdah
