#include "gateway/session/session_state.hpp"

#include <fmt/format.h>

namespace howdah {

std::string render_session_states() {
  std::string out = "| state | meaning | may become |\n|---|---|---|\n";
  for (const SessionStateRow& row : kSessionStates) {
    std::string next;
    for (const SessionStateRow& other : kSessionStates) {
      if (!is_legal(row.state, other.state)) continue;
      if (!next.empty()) next += ", ";
      next += other.name;
    }
    out += fmt::format("| {} | {} | {} |\n", row.name, row.meaning, next.empty() ? "-" : next);
  }
  return out;
}

}  // namespace howdah
