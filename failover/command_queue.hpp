// The operator's commands, one at a time and in order, as Pgpool runs them.
#pragma once

#include <deque>
#include <optional>
#include <string>

#include "base/actions.hpp"
#include "base/log.hpp"
#include "failover/actions.hpp"
#include "failover/sources.hpp"

namespace howdah::failover {

class CommandQueue {
 public:
  CommandQueue(StepDesk& desk, Log& log) : desk_(desk), log_(log) {}

  // `command` is expanded; an empty one is left out.
  void push(CommandKind kind, NodeId node, std::string command);
  void advance(Duration limit, Instant now, Actions<Action>& out);
  void on(const CommandDone& done);
  bool is_busy() const { return running_ || !waiting_.empty(); }

 private:
  struct Command {
    CommandKind kind;
    NodeId node;
    std::string text;
  };
  StepDesk& desk_;
  Log& log_;
  std::deque<Command> waiting_;
  std::optional<StepId> running_;
};

}  // namespace howdah::failover
