// Starts a program with nothing of ours but what it is given: no descriptor, no blocked or ignored signal, an empty input. It
// leads a process group, so that it can be ended together with its children.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace howdah {

struct SpawnOptions {
  std::vector<std::string> argv;                             // the first is looked for in PATH
  std::optional<std::vector<std::string>> environment = {};  // "NAME=value"; nothing: ours
  std::string directory = {};                                // to work in; empty: ours
};

// What it prints, on both streams, goes to the descriptor `output`. Nothing: it could not be started.
std::optional<pid_t> spawn(SpawnOptions program, int output);

}  // namespace howdah
