// Finds out whether a COMMIT in doubt has happened, by its transaction's id: on the promoted standby, or on the same primary,
// which has restarted or has only lost a connection. What was lost with the server's memory, or had not reached the standby, did
// not happen, and must be told first: the ids beyond it are handed out again, and pg_xact_status would answer for a stranger.
// That bound, the fork, is the first id of the promoted standby (known for a promotion of Howdah's own, by this gateway or by the
// one that promoted, which tells the others), or of the run that follows the transaction's own (server_runs.hpp); without it the
// answer is "unknown". What was prepared before is on the disk, and any run of the same primary knows it.
// What the same primary has committed may be with no standby yet: where some are waited for, it is told only when a write of
// Howdah's own has been waited for, too.
// Pure; part of the coordinator.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/actions.hpp"
#include "base/log.hpp"
#include "failover/actions.hpp"
#include "failover/fork.hpp"
#include "failover/server_runs.hpp"
#include "failover/step_desk.hpp"
#include "health/tracker.hpp"

namespace howdah::failover {

class CommitFates {
 public:
  CommitFates(StepDesk& desk, Log& log) : desk_(desk), log_(log) {}

  void begin_promotion() { taken_.reset(); }
  // The step sql_promote() was answered. The first answer counts.
  void note_fork(const SqlDone& done);
  // Another node is in office: by a promotion of ours; or not, and then there is no fork, unless another gateway tells it
  // until `told_by`.
  void begin_epoch(bool is_promoted_by_us, Instant told_by = {});
  void learn(const Fork& fork);
  const std::optional<Fork>& fork() const { return fork_; }
  // The node in office has told how it is.
  void see(const health::NodeFacts& primary);

  void on(const FateRequest& request, Instant now);
  // `primary`: trusted, and seen alive at `seen_at`.
  void advance(std::optional<NodeId> primary, Instant seen_at, Epoch epoch, Duration limit, Instant now,
               Actions<Action>& out);
  // True if the step was one of these.
  bool on(const SqlDone& done);
  std::optional<Instant> next_deadline() const;

 private:
  struct Question {
    FateRequest request;
    Instant asked_at = {};
    std::optional<StepId> step = {};
    bool is_of_same_epoch = false;  // that step
    bool is_behind_write = false;   // the write was sent after `found` was
    std::optional<CommitOutcome> found = {};  // on the same primary; standbys are waited for
    std::optional<CommitOutcome> outcome = {};
  };
  std::optional<CommitOutcome> judge(const Question& question, std::optional<NodeId> primary, Epoch epoch, Instant now) const;
  void ask(Question& question, NodeId primary, Instant seen_at, Epoch epoch, Duration limit, Instant now, Actions<Action>& out);
  void await_standbys(NodeId primary, Instant seen_at, Duration limit, Instant now, Actions<Action>& out);
  std::optional<CommitOutcome> read_same_primary(const SqlDone& done, const CommitDoubt& doubt) const;
  bool may_be_of_older_run(const CommitDoubt& doubt) const { return !doubt.is_prepared && doubt.asked_at < last_run_from_; }

  StepDesk& desk_;
  Log& log_;
  std::optional<Fork> taken_;       // of the promotion under way
  std::optional<Fork> fork_;        // between the epoch before and this one
  Instant told_by_{};
  ServerRuns runs_;                 // in this epoch
  Instant last_run_from_{};         // of the epoch before, if it had several
  bool is_synchronous_ = false;
  std::optional<StepId> write_;     // that waits for standbys
  Instant write_at_{};
  std::vector<Question> questions_;
};

}  // namespace howdah::failover
