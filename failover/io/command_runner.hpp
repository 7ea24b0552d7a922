// Runs the operator's commands: one at a time on a thread of its own, under /bin/sh, in a process group that is killed at
// the deadline. The child inherits no descriptor but an empty input and the pipe its output is read from.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>

#include "base/log.hpp"
#include "failover/actions.hpp"
#include "health/io/stoppable_thread.hpp"

namespace howdah::failover {

class CommandRunner {
 public:
  using Report = std::function<void(CommandDone)>;

  CommandRunner(Log& log, Report report);
  ~CommandRunner();  // ends the thread; a command under way goes on by itself, unheard
  CommandRunner(const CommandRunner&) = delete;
  CommandRunner& operator=(const CommandRunner&) = delete;

  void run(RunCommand command);  // from the control thread; the coordinator sends the next one after the answer

 private:
  void work();
  CommandDone carry_out(const RunCommand& command);
  std::string read_output(int fd, Instant deadline, bool& is_late);

  Log& log_;
  Report report_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::optional<RunCommand> next_;
  health::StoppableThread thread_;
};

}  // namespace howdah::failover
