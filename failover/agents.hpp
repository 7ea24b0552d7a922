// What the agents beside the servers (agent/README.md) are asked for: a lease to the primary in office again and again, and
// to make a standby of a primary that failed, was left behind or was exchanged. The coordinator says which nodes; this part
// sends the requests, one after the other for each node, and repeats what failed after a while.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "base/actions.hpp"
#include "base/log.hpp"
#include "failover/actions.hpp"
#include "failover/failover_options.hpp"
#include "failover/step_desk.hpp"
#include "health/tracker.hpp"

namespace howdah::failover {

class Agents {
 public:
  Agents(StepDesk& desk, Log& log) : desk_(desk), log_(log) {}

  struct Situation {
    const std::vector<health::NodeFacts>& nodes;
    Epoch epoch = {};
    TimelineId timeline = {};             // of the primary in office
    std::uint64_t system_identifier = 0;
    std::optional<NodeId> holder = {};    // who gets the lease
    std::optional<NodeId> primary = {};   // answers, and may be followed now
    std::vector<NodeId> lost = {};        // are, or were, false primaries; not seen as standbys since
  };
  void advance(const Situation& situation, const FailoverOptions& options, Instant now, Actions<Action>& out);
  // True if the step was one of these.
  bool on(const AgentDone& done, Instant now);
  bool on(const SqlDone& done, Instant now);
  std::optional<Instant> next_deadline() const;

  // The agent answered its last lease.
  bool answers(NodeId node) const;
  // For the planned switchover: the steps' outcomes are the coordinator's.
  StepId stop(NodeId node, const Situation& situation, Duration limit, Instant now, Actions<Action>& out);
  StepId start(NodeId node, const Situation& situation, Duration limit, Instant now, Actions<Action>& out);
  // Stopped in order at this checkpoint, which its successor has: it is made its standby without pg_rewind.
  void note_stopped(NodeId node, Lsn checkpoint) { entries_[node].clean_at = checkpoint; }
  // Nodes that were made standbys since the last call.
  std::vector<NodeId> take_rejoined() { return std::exchange(rejoined_, {}); }

 private:
  struct Entry {
    std::optional<StepId> lease = {};
    Instant next_lease = {};
    bool is_heard = false;
    agent::ServerFacts server = {};  // as the newest report told
    bool is_busy = false;            // with a command, maybe another gateway's
    std::optional<std::string> trouble = {};  // told last; empty text: it answers

    std::optional<StepId> checkpoint = {};  // on the primary: pg_rewind looks at its control file
    std::optional<StepId> rejoin = {};
    bool is_checkpointed = false;
    Instant next_rejoin = {};
    int failures = 0;
    Lsn clean_at = {};
  };

  void send_lease(const health::NodeFacts& node, Entry& entry, const Situation& situation, Instant now, Actions<Action>& out);
  bool is_to_rejoin(const health::NodeFacts& node, const Entry& entry, const Situation& situation,
                    const FailoverOptions& options) const;
  void rejoin(const health::NodeFacts& node, Entry& entry, const Situation& situation, const FailoverOptions& options,
              Instant now, Actions<Action>& out);
  void take_lease(NodeId node, Entry& entry, const AgentDone& done, Instant now);
  void take_rejoin(NodeId node, Entry& entry, const AgentDone& done, Instant now);
  void fail_rejoin(NodeId node, Entry& entry, const std::string& error, Instant now);

  StepDesk& desk_;
  Log& log_;
  std::map<NodeId, Entry> entries_;
  std::vector<NodeId> rejoined_;
};

}  // namespace howdah::failover
