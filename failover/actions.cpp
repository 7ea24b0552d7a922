#include "failover/actions.hpp"

#include <array>
#include <cstddef>

namespace howdah::failover {

const char* to_text(SqlStep step) {
  static constexpr std::array kNames{"ask_standby", "read_source", "freeze",     "promote", "create_slot",
                                     "follow",      "checkpoint",  "count_busy", "close",   "fence",
                                     "look_after_fence", "set_synchronous", "look_up", "reopen", "write"};
  static_assert(kNames.size() == static_cast<std::size_t>(SqlStep::write) + 1);
  return kNames[static_cast<std::size_t>(step)];
}

const char* to_text(CommandKind kind) {
  static constexpr std::array kNames{"failover_command", "failback_command", "follow_primary_command"};
  static_assert(kNames.size() == static_cast<std::size_t>(CommandKind::follow_primary) + 1);
  return kNames[static_cast<std::size_t>(kind)];
}

}  // namespace howdah::failover
