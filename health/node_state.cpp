#include "health/node_state.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace howdah::health {

namespace {

using enum NodeCondition;

constexpr std::array kConditions{
    ConditionRow{unknown, "unknown", NodeState::down, false, "not answered yet since start or attach"},
    ConditionRow{waiting, "waiting", NodeState::waiting, false, "answers; no client has used it yet"},
    ConditionRow{up, "up", NodeState::up, false, "answers, and clients use it"},
    ConditionRow{suspect, "suspect", NodeState::down, true, "does not answer; retries are running"},
    ConditionRow{restarting, "restarting", NodeState::down, true, "says that it starts, stops or recovers; waited for"},
    ConditionRow{down, "down", NodeState::down, false, "given up; returns by auto_failback or pcp_attach_node"},
    ConditionRow{fenced, "fenced", NodeState::down, false, "answers but must not be used: second primary, other system"},
    ConditionRow{detached, "detached", NodeState::down, false, "taken out by an operator until pcp_attach_node"},
};

consteval bool is_in_order() {
  for (std::size_t i = 0; i < kConditions.size(); ++i)
    if (static_cast<std::size_t>(kConditions[i].condition) != i) return false;
  return kConditions.size() == kNodeConditions;
}
static_assert(is_in_order());

constexpr std::array kChanges{
    ConditionChange{unknown, waiting, "first answer"},
    ConditionChange{unknown, restarting, "says that it is starting"},
    ConditionChange{unknown, down, "first probe failed"},
    ConditionChange{unknown, fenced, "answers as what it must not be"},
    ConditionChange{unknown, detached, "operator"},
    ConditionChange{waiting, up, "a client uses it"},
    ConditionChange{waiting, suspect, "probe failed or overdue"},
    ConditionChange{waiting, restarting, "says that it is stopping or recovering"},
    ConditionChange{waiting, down, "client's error confirmed by a probe"},
    ConditionChange{waiting, fenced, "answers as what it must not be"},
    ConditionChange{waiting, detached, "operator"},
    ConditionChange{up, suspect, "probe failed or overdue"},
    ConditionChange{up, restarting, "says that it is stopping or recovering"},
    ConditionChange{up, down, "client's error confirmed by a probe"},
    ConditionChange{up, fenced, "answers as what it must not be"},
    ConditionChange{up, detached, "operator"},
    ConditionChange{suspect, waiting, "answers again"},
    ConditionChange{suspect, up, "answers again"},
    ConditionChange{suspect, restarting, "says that it is starting"},
    ConditionChange{suspect, down, "retries used up, or confirmed"},
    ConditionChange{suspect, fenced, "answers as what it must not be"},
    ConditionChange{suspect, detached, "operator"},
    ConditionChange{restarting, waiting, "answers again"},
    ConditionChange{restarting, up, "answers again"},
    ConditionChange{restarting, suspect, "stopped answering"},
    ConditionChange{restarting, down, "confirmed dead"},
    ConditionChange{restarting, fenced, "answers as what it must not be"},
    ConditionChange{restarting, detached, "operator"},
    ConditionChange{down, waiting, "auto_failback, attach, or the primary is back"},
    ConditionChange{down, unknown, "attach of a node that does not answer"},
    ConditionChange{down, fenced, "answers as what it must not be"},
    ConditionChange{down, detached, "operator"},
    ConditionChange{fenced, waiting, "is a fitting standby again"},
    ConditionChange{fenced, down, "stopped answering"},
    ConditionChange{fenced, detached, "operator"},
    ConditionChange{detached, waiting, "attach"},
    ConditionChange{detached, unknown, "attach of a node that does not answer"},
};

constexpr std::string_view published_name(const ConditionRow& row) {
  if (row.is_quarantined) return "quarantine";
  switch (row.published) {
    case NodeState::unused: return "unused";
    case NodeState::waiting: return "waiting";
    case NodeState::up: return "up";
    case NodeState::down: return "down";
  }
  return "";
}

}  // namespace

const ConditionRow& row_of(NodeCondition condition) { return kConditions[static_cast<std::size_t>(condition)]; }

bool is_legal(NodeCondition from, NodeCondition to) {
  return std::any_of(kChanges.begin(), kChanges.end(),
                     [&](const ConditionChange& change) { return change.from == from && change.to == to; });
}

std::string render_condition_tables() {
  std::string text = "| condition | shown as | meaning |\n|---|---|---|\n";
  for (const ConditionRow& row : kConditions)
    text += fmt::format("| {} | {} | {} |\n", row.name, published_name(row), row.meaning);
  text += "\n| from | to (why) |\n|---|---|\n";
  for (const ConditionRow& row : kConditions) {
    std::string targets;
    for (const ConditionChange& change : kChanges)
      if (change.from == row.condition)
        targets += fmt::format("{}{} ({})", targets.empty() ? "" : ", ", row_of(change.to).name, change.cause);
    text += fmt::format("| {} | {} |\n", row.name, targets);
  }
  return text;
}

}  // namespace howdah::health
