#include "gateway/session/replay_obstacle.hpp"

#include "gateway/session/request.hpp"

#include <array>

namespace howdah {

namespace {

using enum ReplayObstacle;

struct Row {
  ReplayObstacle obstacle;
  std::string_view text;
};

constexpr std::array kReplayObstacles{
    Row{none, "none"},
    Row{too_long, "longer than transaction_replay_size"},
    Row{several, "several statements in one string, BEGIN or COMMIT among them"},
    Row{chained, "ROLLBACK AND CHAIN"},
    Row{two_phase, "a two-phase commit"},
    Row{snapshot, "an imported snapshot"},
    Row{copy, "COPY"},
    Row{cursor, "a cursor was read"},
    Row{node_bound, "a function whose answer or effect is one node's, or not known"},
    Row{names, "prepared statements were changed"},
    Row{gateway_command, "a command of Howdah's in a batch"},
    Row{open_batch, "a Query in the middle of a batch"},
    Row{ended_by_server, "the server ended it"},
};
static_assert([] {
  for (std::size_t i = 0; i < kReplayObstacles.size(); ++i)
    if (static_cast<std::size_t>(kReplayObstacles[i].obstacle) != i) return false;
  return kReplayObstacles.size() == static_cast<std::size_t>(ended_by_server) + 1;
}());

ReplayObstacle obstacle_of(TransactionControl control) {
  switch (control) {
    case TransactionControl::rollback_and_chain: return chained;
    case TransactionControl::prepare_transaction:
    case TransactionControl::commit_prepared:
    case TransactionControl::rollback_prepared: return two_phase;
    default: return none;
  }
}

ReplayObstacle obstacle_of(StatementKind kind) {
  switch (kind) {
    case StatementKind::copy_to_client:
    case StatementKind::copy_from_client:
    case StatementKind::copy_on_server: return copy;
    case StatementKind::fetch: return cursor;
    case StatementKind::prepare:
    case StatementKind::deallocate:
    case StatementKind::discard: return names;
    default: return none;
  }
}

// What it does once more is what it has done.
bool may_run_twice(const Traits& traits) {
  using enum StatementKind;
  const bool is_upkeep = traits.kind == vacuum || traits.kind == reindex || traits.kind == cluster || traits.kind == checkpoint;
  return is_upkeep && traits.statement_count == 1;
}

}  // namespace

std::string_view to_text(ReplayObstacle obstacle) { return kReplayObstacles[static_cast<std::size_t>(obstacle)].text; }

ReplayObstacle obstacle_of(const Traits& traits) {
  if (traits.has_transaction_control && traits.statement_count != 1 && !traits.is_whole_transaction && !traits.ends_with_commit)
    return several;
  if (const auto obstacle = obstacle_of(traits.transaction); obstacle != none) return obstacle;
  if (traits.modes.imports_snapshot) return snapshot;
  if (traits.copy != CopyDirection::none) return copy;
  if (traits.drops_statements) return names;
  if (const auto obstacle = obstacle_of(traits.kind); obstacle != none) return obstacle;
  return traits.is_node_bound ? node_bound : none;
}

bool may_read_again(const Traits& traits) {
  return (traits.verdict.may_use_replica || traits.changes_nothing || may_run_twice(traits)) && !traits.has_transaction_control && traits.pins.is_empty();
}

bool may_end_transaction(TransactionControl control) {
  return is_plain_end(control) || control == TransactionControl::commit_and_chain || obstacle_of(control) != none;
}

}  // namespace howdah
