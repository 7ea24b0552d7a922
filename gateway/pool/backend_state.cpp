#include "gateway/pool/backend_state.hpp"

#include <fmt/format.h>

namespace howdah {

std::string backend_state_tables() {
  std::string text = "| state | meaning |\n| --- | --- |\n";
  for (const BackendStateRow& row : kBackendStates) text += fmt::format("| {} | {} |\n", row.name, row.meaning);
  text += "\n| from | to | when |\n| --- | --- | --- |\n";
  for (const BackendTransition& row : kBackendTransitions)
    text += fmt::format("| {} | {} | {} |\n", to_text(row.from), to_text(row.to), row.when);
  return text;
}

}  // namespace howdah
