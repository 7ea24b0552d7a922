// Finds out whether a COMMIT in doubt has happened: on the promoted standby, by its transaction id. What the standby had
// not replayed when it was promoted did not happen, and must be told first: the ids beyond it are handed out again, and
// pg_xact_status would answer for a stranger. Only for a promotion of Howdah's own is that bound, the fork, known,
// by this gateway or by the one that promoted, which tells the others;
// otherwise the answer is "unknown". But for what was prepared before: a primary that has only restarted knows it, too.
// Pure; part of the coordinator.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/actions.hpp"
#include "base/log.hpp"
#include "failover/actions.hpp"
#include "failover/fork.hpp"
#include "failover/step_desk.hpp"

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
    std::optional<CommitOutcome> outcome = {};
  };
  std::optional<CommitOutcome> judge(const Question& question, std::optional<NodeId> primary, Instant seen_at, Epoch epoch,
                                     Instant now) const;

  StepDesk& desk_;
  Log& log_;
  std::optional<Fork> taken_;       // of the promotion under way
  std::optional<Fork> fork_;        // between the epoch before and this one
  Instant told_by_{};
  std::vector<Question> questions_;
};

}  // namespace howdah::failover
