#include "gateway/session/statement_tally.hpp"

namespace howdah {

NodeCounters& StatementTally::of(NodeId node) {
  for (NodeCounters& counters : nodes_)
    if (counters.node == node) return counters;
  return nodes_.emplace_back(NodeCounters{.node = node});
}

void StatementTally::count_error(NodeId node, std::string_view severity) {
  if (severity == "ERROR") ++of(node)[StatementCount::error];
  if (severity == "FATAL") ++of(node)[StatementCount::fatal];
  if (severity == "PANIC") ++of(node)[StatementCount::panic];
}

std::vector<ReasonCount> StatementTally::reasons() const {
  std::vector<ReasonCount> list;
  for (const ReasonRow& row : reason_table())
    list.push_back({row.name, row.sentence, reasons_[static_cast<std::size_t>(row.reason)]});
  return list;
}

StatementCount StatementTally::column_of(StatementKind kind) {
  switch (kind) {
    case StatementKind::select:
    case StatementKind::select_into: return StatementCount::select;
    case StatementKind::insert: return StatementCount::insert;
    case StatementKind::update: return StatementCount::update;
    case StatementKind::delete_rows: return StatementCount::remove;
    case StatementKind::begin:
    case StatementKind::commit:
    case StatementKind::rollback:
    case StatementKind::savepoint:
    case StatementKind::release:
    case StatementKind::rollback_to:
    case StatementKind::prepare_transaction:
    case StatementKind::commit_prepared:
    case StatementKind::rollback_prepared:
    case StatementKind::set_parameter:
    case StatementKind::set_local:
    case StatementKind::reset_parameter:
    case StatementKind::set_session_authorization:
    case StatementKind::set_transaction:
    case StatementKind::set_session_characteristics:
    case StatementKind::set_constraints:
    case StatementKind::show:
    case StatementKind::discard:
    case StatementKind::prepare:
    case StatementKind::execute:
    case StatementKind::deallocate:
    case StatementKind::explain:
    case StatementKind::listen:
    case StatementKind::unlisten:
    case StatementKind::notify:
    case StatementKind::lock_table:
    case StatementKind::load:
    case StatementKind::vacuum:
    case StatementKind::checkpoint: return StatementCount::other;
    default: return StatementCount::ddl;
  }
}

}  // namespace howdah
