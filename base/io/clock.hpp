// The clocks, which only the shell may ask.
#pragma once

#include "base/instant.hpp"

namespace howdah {

inline Instant monotonic_now() {
  return Instant(std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch()));
}

inline WallTime wall_now() { return std::chrono::floor<seconds>(std::chrono::system_clock::now()); }

}  // namespace howdah
