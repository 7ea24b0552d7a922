// Runs one program to its end, with nothing of ours but its output: no descriptor, no environment beyond what is given.
#pragma once

#include <string>

#include "agent/tools.hpp"
#include "base/instant.hpp"

namespace howdah::agent {

struct ProgramResult {
  int exit_code = -1;       // -1: could not be started, was killed, or was still running at the limit (and killed then)
  std::string output = {};  // the end of what it printed, both streams

  bool is_ok() const { return exit_code == 0; }
  std::string summary() const;  // its last words, in one line
};

// `limit` 0: none. When `stop_fd` becomes readable the program and its children are told to end.
ProgramResult run_program(const Program& program, Duration limit, int stop_fd);
Program shell_command(const std::string& command);

}  // namespace howdah::agent
