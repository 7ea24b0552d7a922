// What Howdah holds of one node, as a table: which conditions exist, how each is published in Pgpool's words, and
// which changes are legal. `NodeCondition` is finer than the published NodeState because "no answer yet", "an
// operator took it out" and "it believes to be a primary" are all `down` to a client but end in different ways.
// Pure; the tracker is the only writer, through set_condition.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "health/cluster_view.hpp"

namespace howdah::health {

enum class NodeCondition {
  unknown,     // not asked yet
  waiting,     // answers; no client has used it yet
  up,          // answers, clients use it
  suspect,     // stopped answering; retries are running
  restarting,  // says that it is starting or restarting; waited for
  down,        // given up; comes back by auto_failback or attach
  fenced,      // answers, but must not be used: second primary, or another system
  detached,    // taken out by an operator
};
inline constexpr std::size_t kNodeConditions = 8;

struct ConditionRow {
  NodeCondition condition;
  std::string_view name;
  NodeState published;
  bool is_quarantined;
  std::string_view meaning;
};

const ConditionRow& row_of(NodeCondition condition);

// Why a node went from one condition to another; the table lists every legal change.
struct ConditionChange {
  NodeCondition from;
  NodeCondition to;
  std::string_view cause;
};

bool is_legal(NodeCondition from, NodeCondition to);

// The picture in README.md; a test compares the two.
std::string render_condition_tables();

}  // namespace howdah::health
