// Whether the workers act by the newest view: they tell when all of them have taken one over (ViewTaken). A promotion waits
// for that, so that no answer of the old primary reaches a client after it; but not for long: a worker that hangs must not hold
// up a failover. A switchover waits until they are quiet, too: then no transaction begins on the old primary any more, and what
// they had sent before has begun, so that the server counts it. Pure; part of the coordinator.
#pragma once

#include <cstdint>

#include "base/log.hpp"
#include "failover/actions.hpp"

namespace howdah::failover {

class ViewTaking {
 public:
  explicit ViewTaking(Log& log) : log_(log) {}

  void note_published(const ClusterView& before, const ClusterView& view, Instant now);
  void on(const ViewTaken& event);

  // The views published so far, as far as they say who may be used and written to.
  bool is_taken(Instant now);
  Instant deadline() const;  // then it counts as taken
  bool is_quiet() const { return quiet_ >= needed_; }

 private:
  Log& log_;
  std::uint64_t needed_ = 0;  // versions
  std::uint64_t taken_ = 0;
  std::uint64_t quiet_ = 0;
  Instant needed_since_{};
};

}  // namespace howdah::failover
