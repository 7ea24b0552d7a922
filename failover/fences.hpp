// Keeps false primaries from taking anybody's writes, by SQL steps on them, and puts back what that changed once the node
// is a standby or in office. A role may get round each single fence (README.md), so all are used, and looked after again
// and again until the node is stopped or rejoined. The coordinator says which nodes; this part sends the steps.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "base/actions.hpp"
#include "base/log.hpp"
#include "failover/actions.hpp"
#include "failover/step_desk.hpp"

namespace howdah::failover {

class Fences {
 public:
  Fences(StepDesk& desk, Log& log) : desk_(desk), log_(log) {}

  // Nodes whose settings were changed and not put back: at start, and what is to be kept now.
  void restore(std::vector<ClosedNode> closed) { closed_ = std::move(closed); }
  const std::vector<ClosedNode>& closed() const { return closed_; }
  void note_closed(NodeId node, bool is_fenced);
  bool is_closed(NodeId node) const;

  // All nodes that are to be closed now, and all that are to be opened if they were closed. Nodes in neither are left.
  void want(const std::vector<NodeId>& shut, const std::vector<NodeId>& open);

  void advance(Duration limit, Instant now, Actions<Action>& out);
  // True if the step was one of these.
  bool on(const SqlDone& done, Instant now);
  std::optional<Instant> next_deadline() const;

 private:
  struct Fence {
    bool is_wanted_shut = false;
    bool is_shut = false;
    std::optional<StepId> step = {};
    SqlStep sent = SqlStep::fence;
    Instant next = {};
    std::string trouble = {};
  };
  void send(NodeId node, Fence& fence, Duration limit, Instant now, Actions<Action>& out);
  void take_result(NodeId node, Fence& fence, const SqlDone& done, Instant now);
  void keep_names(NodeId node, const std::vector<std::string>& row);

  StepDesk& desk_;
  Log& log_;
  std::vector<ClosedNode> closed_;
  std::map<NodeId, Fence> fences_;
};

}  // namespace howdah::failover
