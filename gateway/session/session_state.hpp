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
  begun,            // BEGIN was answered and waits for the first statement, which says where the transaction runs
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
  std::uint32_t next;  // legal successors, one bit each
};

template <typename... States>
constexpr std::uint32_t to(States... states) {
  return ((std::uint32_t{1} << static_cast<unsigned>(states)) | ... | 0u);
}

inline constexpr auto kSessionStates = [] {
  using enum SessionState;
  return std::array{
      SessionStateRow{starting, "starting", "a server connection checks the startup settings",
                      to(idle, holding, begun, busy, draining, waiting_lease, waiting_primary, waiting_local, closed)},
      SessionStateRow{idle, "idle", "nothing asked, no server connection",
                      to(begun, busy, holding, draining, waiting_lease, waiting_primary, waiting_local, closed)},
      SessionStateRow{begun, "begun", "BEGIN was answered and waits for the first statement",
                      to(idle, waiting_lease, waiting_primary, waiting_local, busy, holding, draining, failed, closed)},
      SessionStateRow{waiting_lease, "waiting_lease", "the pool was asked for a server connection",
                      to(busy, holding, idle, begun, waiting_primary, waiting_local, draining, failed, closed)},
      SessionStateRow{waiting_primary, "waiting_primary", "no node can run the statement yet; it waits for one",
                      to(busy, waiting_lease, waiting_local, holding, idle, begun, draining, failed, closed)},
      SessionStateRow{waiting_local, "waiting_local", "Howdah itself answers (SHOW POOL_*, PGPOOL)",
                      to(idle, begun, busy, holding, draining, waiting_lease, waiting_primary, failed, closed)},
      SessionStateRow{busy, "busy", "the server owes answers",
                      to(idle, begun, holding, waiting_lease, waiting_primary, waiting_local, draining, failed, closed)},
      SessionStateRow{holding, "holding", "keeps a server connection that owes nothing",
                      to(busy, idle, begun, draining, waiting_lease, waiting_primary, waiting_local, failed, closed)},
      SessionStateRow{failed, "failed", "a lost transaction is shown as failed until the client ends it",
                      to(idle, begun, busy, waiting_lease, waiting_primary, waiting_local, closed)},
      SessionStateRow{draining, "draining", "remaining answers are swallowed; then the request runs elsewhere",
                      to(idle, begun, busy, holding, waiting_lease, waiting_primary, waiting_local, failed, closed)},
      SessionStateRow{closed, "closed", "over", to()},
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

constexpr bool is_legal(SessionState from, SessionState next) {
  return (kSessionStates[static_cast<std::size_t>(from)].next & to(next)) != 0;
}

// The table as README.md shows it.
std::string render_session_states();

}  // namespace howdah
