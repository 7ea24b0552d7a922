#include "health/events.hpp"

#include <array>
#include <cstddef>

namespace howdah::health {

const char* to_text(FailureKind kind) {
  static constexpr std::array kNames{"refused",       "timeout",      "starting_up",     "shutting_down", "crash_restart",
                                     "login_failed", "slots_exhausted", "lost", "other"};
  static_assert(kNames.size() == static_cast<std::size_t>(FailureKind::other) + 1);
  return kNames[static_cast<std::size_t>(kind)];
}

}  // namespace howdah::health
