// The decision table of README.md: where each kind of statement goes, and whether it counts as a write. Made from the
// statement table; `howdah route --table` prints it, and a test compares it with the README.
#pragma once

#include <string>

namespace howdah {

std::string decision_table();  // Markdown

}  // namespace howdah
