// Whether the primary's disk still takes what is written. A disk that hangs is neither silence nor death: questions, reads and
// new logins are answered as ever, only commits wait. It shows in the WAL: records are inserted, and none is flushed. That
// alone is usual on a quiet primary (an open transaction's record that nobody waits for), so then something is written, and
// must come back. Told by an alarm. Nobody is promoted for it, because the primary lives, and acknowledges all it holds as
// soon as its disk goes on; unless an operator wants it (failover_on_hung_disk). Pure; part of the coordinator.
#pragma once

#include <optional>

#include "base/actions.hpp"
#include "base/log.hpp"
#include "failover/actions.hpp"
#include "failover/step_desk.hpp"
#include "health/tracker.hpp"

namespace howdah::failover {

class DiskWatch {
 public:
  DiskWatch(StepDesk& desk, Log& log) : desk_(desk), log_(log) {}

  // `primary`: in office and usable; null: there is none. `limit`: how long a write may take; 0: nothing is watched.
  void advance(const health::NodeFacts* primary, Duration limit, Instant now, Actions<Action>& out);
  // True if the step was this one.
  bool on(const SqlDone& done, Instant now);
  bool is_hung() const { return hung_since_.has_value(); }

 private:
  void look(const health::NodeFacts& primary);

  StepDesk& desk_;
  Log& log_;
  std::optional<NodeId> node_;
  Lsn flushed_{};
  Instant still_since_{};  // the first answer with this flush position and records beyond it
  std::optional<StepId> step_;
  Instant asked_at_{};
  Duration limit_{};
  bool has_failed_ = false;  // the write has not come back in time
  Instant next_write_{};
  std::optional<Instant> hung_since_;
};

}  // namespace howdah::failover
