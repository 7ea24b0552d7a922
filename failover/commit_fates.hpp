// Finds out whether a COMMIT in doubt has happened: on the promoted standby, by its transaction id. What the standby had
// not replayed when it was promoted did not happen, and must be told first: the ids beyond it are handed out again, and
// pg_xact_status would answer for a stranger. Only for a promotion of Howdah's own is that bound, the fork, known;
// otherwise the answer is "unknown". Pure; part of the coordinator.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/actions.hpp"
#include "base/log.hpp"
#include "failover/actions.hpp"
#include "failover/step_desk.hpp"

namespace howdah::failover {

// Taken on a standby that has replayed all it received, before it is promoted.
struct Fork {
  std::uint64_t xid = 0;    // the first one it does not have
  std::string replayed = {};  // pg_last_wal_replay_lsn: still the same after the promotion, or the xid is no bound
};

class CommitFates {
 public:
  CommitFates(StepDesk& desk, Log& log) : desk_(desk), log_(log) {}

  void begin_promotion() { taken_.reset(); }
  // The step sql_promote() was answered. The first answer counts.
  void note_fork(const SqlDone& done);
  // Another node is in office: by a promotion of ours, or not (then there is no fork).
  void begin_epoch(bool is_promoted_by_us);

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
    std::optional<CommitOutcome> outcome = {};
  };
  std::optional<CommitOutcome> judge(const Question& question, std::optional<NodeId> primary, Instant seen_at, Epoch epoch,
                                     Instant now) const;

  StepDesk& desk_;
  Log& log_;
  std::optional<Fork> taken_;       // of the promotion under way
  std::optional<Fork> fork_;        // between the epoch before and this one
  std::vector<Question> questions_;
};

}  // namespace howdah::failover
