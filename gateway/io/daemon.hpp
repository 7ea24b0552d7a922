// Becoming a background process, as Pgpool does without -n. The parent waits until the child says that it serves, so
// that a mistake at start still gives the caller a message and an exit code.
#pragma once

#include <optional>

#include "base/io/unique_fd.hpp"

namespace howdah {

class Daemon {
 public:
  // In the parent: does not return before the child is ready or gone, then ends the process with its exit code.
  // In the child: returns. Must be called before any thread is made.
  static Daemon detach();

  // Tells the parent that all is well, and lets go of the terminal.
  void is_ready();

 private:
  explicit Daemon(UniqueFd to_parent) : to_parent_(std::move(to_parent)) {}
  UniqueFd to_parent_;
};

}  // namespace howdah
