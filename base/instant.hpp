// Time as a plain value. Pure code receives an Instant with each event and never asks a clock;
// the shell makes Instants from the monotonic clock, the simulation from its own counter.
#pragma once

#include <chrono>

namespace howdah {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;
using namespace std::chrono_literals;

// Only a tag: it has no now(), so pure code cannot ask it.
struct MonotonicTime {
  using duration = nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<MonotonicTime>;
  static constexpr bool is_steady = true;
};

using Duration = MonotonicTime::duration;
using Instant = MonotonicTime::time_point;

// Wall-clock time, only for what people read (last_status_change and the like). UTC.
using WallTime = std::chrono::sys_seconds;

}  // namespace howdah
