// The life of one server connection as its pool sees it: the states, which changes are legal, and why a pool closes
// one. Pool::set_state is the only writer. The README shows the table; a test keeps the two equal.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace howdah {

enum class BackendState {
  // keep in the order of kBackendStates
  connecting,  // being opened and logged in
  idle,        // may be lent
  offered,     // the budget decides whether it stays, moves to another worker, makes room, or ends
  leased,      // a session uses it
  resetting,   // the reset query runs before the next user
  checking,    // the check query runs before it is lent
  cancelling,  // returned, but a cancel request to it is still under way and would hit the next user
  closing,     // told to close; still counted until the shell says it is gone
  gone,        // not ours any more: closed, lost, or moved to another worker
};

struct BackendStateRow {
  BackendState state;
  std::string_view name;
  std::string_view meaning;
};

inline constexpr std::array kBackendStates{
    BackendStateRow{BackendState::connecting, "connecting", "being opened and logged in"},
    BackendStateRow{BackendState::idle, "idle", "may be lent"},
    BackendStateRow{BackendState::offered, "offered", "the budget decides: stay, move to another worker, make room, end"},
    BackendStateRow{BackendState::leased, "leased", "a session uses it"},
    BackendStateRow{BackendState::resetting, "resetting", "the reset query runs before the next user"},
    BackendStateRow{BackendState::checking, "checking", "the check query runs before it is lent"},
    BackendStateRow{BackendState::cancelling, "cancelling", "returned, but a cancel request to it is under way"},
    BackendStateRow{BackendState::closing, "closing", "told to close, counted until it is gone"},
    BackendStateRow{BackendState::gone, "gone", "closed, lost, or moved to another worker"},
};
inline constexpr std::size_t kBackendStateCount = kBackendStates.size();

struct BackendTransition {
  BackendState from;
  BackendState to;
  std::string_view when;
};

inline constexpr std::array kBackendTransitions{
    BackendTransition{BackendState::connecting, BackendState::idle, "logged in"},
    BackendTransition{BackendState::connecting, BackendState::closing, "the pool is drained"},
    BackendTransition{BackendState::connecting, BackendState::gone, "could not be opened"},
    BackendTransition{BackendState::idle, BackendState::leased, "lent to the oldest waiter"},
    BackendTransition{BackendState::idle, BackendState::offered, "somebody waits outside this pool, or unused for too long"},
    BackendTransition{BackendState::idle, BackendState::checking, "wanted, but unused for longer than server_check_delay"},
    BackendTransition{BackendState::idle, BackendState::cancelling, "a late cancel request"},
    BackendTransition{BackendState::idle, BackendState::closing, "too old, too long unused, drained"},
    BackendTransition{BackendState::idle, BackendState::gone, "lost"},
    BackendTransition{BackendState::offered, BackendState::idle, "stays here"},
    BackendTransition{BackendState::offered, BackendState::closing, "makes room for another pool, or min_pool_size does not need it"},
    BackendTransition{BackendState::offered, BackendState::gone, "moved to the worker that waited longer, or lost"},
    BackendTransition{BackendState::leased, BackendState::idle, "returned clean"},
    BackendTransition{BackendState::leased, BackendState::resetting, "returned with state to undo"},
    BackendTransition{BackendState::leased, BackendState::cancelling, "returned while a cancel request is under way"},
    BackendTransition{BackendState::leased, BackendState::closing, "returned unusable, too old, drained"},
    BackendTransition{BackendState::leased, BackendState::gone, "lost"},
    BackendTransition{BackendState::resetting, BackendState::idle, "reset done"},
    BackendTransition{BackendState::resetting, BackendState::cancelling, "reset done while a cancel is under way"},
    BackendTransition{BackendState::resetting, BackendState::closing, "reset failed, drained"},
    BackendTransition{BackendState::resetting, BackendState::gone, "lost"},
    BackendTransition{BackendState::checking, BackendState::idle, "it has answered"},
    BackendTransition{BackendState::checking, BackendState::cancelling, "it has answered while a cancel is under way"},
    BackendTransition{BackendState::checking, BackendState::closing, "check failed, drained"},
    BackendTransition{BackendState::checking, BackendState::gone, "lost"},
    BackendTransition{BackendState::cancelling, BackendState::idle, "the cancel request ended"},
    BackendTransition{BackendState::cancelling, BackendState::resetting, "the cancel request ended, state to undo"},
    BackendTransition{BackendState::cancelling, BackendState::closing, "drained, or the request was given up on its way"},
    BackendTransition{BackendState::cancelling, BackendState::gone, "lost"},
    BackendTransition{BackendState::closing, BackendState::gone, "the shell closed it"},
};

constexpr bool is_in_order(const auto& rows) {
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (static_cast<std::size_t>(rows[i].state) != i) return false;
  return true;
}
static_assert(kBackendStateCount == static_cast<std::size_t>(BackendState::gone) + 1);
static_assert(is_in_order(kBackendStates));

// The table above as a bit set per state, for the hot path.
inline constexpr auto kLegalNextStates = [] {
  std::array<unsigned, kBackendStateCount> legal{};
  for (const BackendTransition& row : kBackendTransitions)
    legal[static_cast<std::size_t>(row.from)] |= 1U << static_cast<unsigned>(row.to);
  return legal;
}();

constexpr bool is_legal(BackendState from, BackendState to) {
  return (kLegalNextStates[static_cast<std::size_t>(from)] >> static_cast<unsigned>(to) & 1U) != 0;
}
constexpr std::string_view to_text(BackendState state) { return kBackendStates[static_cast<std::size_t>(state)].name; }

// Why a pool closed a server connection; in the log, the metric and SHOW.
enum class BackendCloseReason {
  // keep in the order of kBackendCloseReasons
  lifetime,
  idle_timeout,
  returned_unusable,
  cancel_in_flight,  // a cancel request was given up that may still reach the server
  reset_failed,
  check_failed,
  made_room,
  node_lost,
  ordered,  // PAUSE, RECONNECT, KILL in the console; a size that a reload has lowered
  shutting_down,
};

inline constexpr std::array<std::string_view, 10> kBackendCloseReasons{
    "server_lifetime", "server_idle_timeout", "returned_unusable", "cancel_in_flight", "reset_failed",
    "check_failed",    "made_room",           "node_lost",         "ordered",          "shutting_down",
};
static_assert(kBackendCloseReasons.size() == static_cast<std::size_t>(BackendCloseReason::shutting_down) + 1);

constexpr std::string_view to_text(BackendCloseReason reason) {
  return kBackendCloseReasons[static_cast<std::size_t>(reason)];
}

// Both tables in Markdown, as the README shows them.
std::string backend_state_tables();

}  // namespace howdah
