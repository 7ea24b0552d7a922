#include "failover/io/command_runner.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "base/io/clock.hpp"
#include "base/io/spawn.hpp"

namespace howdah::failover {

namespace {

constexpr std::size_t kMostOutput = 16 * 1024;  // enough to see what went wrong; the rest is read and dropped

int exit_code_of(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : -1; }

}  // namespace

CommandRunner::CommandRunner(Log& log, Report report)
    : log_(log), report_(std::move(report)) {
  thread_.start([this] { work(); });
}

CommandRunner::~CommandRunner() {
  thread_.stop([this] {
    const std::lock_guard lock(mutex_);  // so that the thread cannot look before and sleep after
    wake_.notify_all();
  });
}

void CommandRunner::run(RunCommand command) {
  {
    const std::lock_guard lock(mutex_);
    next_ = std::move(command);
  }
  wake_.notify_all();
}

void CommandRunner::work() {
  for (;;) {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [this] { return thread_.is_stopping() || next_; });
    if (thread_.is_stopping()) return;
    const RunCommand command = *std::exchange(next_, std::nullopt);
    lock.unlock();
    report_(carry_out(command));
  }
}

// Reads until the end, the deadline, or the end of Howdah (then as if late, but nobody is killed).
std::string CommandRunner::read_output(int fd, Instant deadline, bool& is_late) {
  std::string output;
  for (;;) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - monotonic_now()).count();
    pollfd fds[2] = {{fd, POLLIN, 0}, {thread_.stop_fd(), POLLIN, 0}};
    if (left <= 0 || (poll(fds, 2, static_cast<int>(std::min<long>(left, 60'000))) > 0 && fds[1].revents != 0)) {
      is_late = true;
      return output;
    }
    if (fds[0].revents == 0) continue;
    char buffer[4096];
    const ssize_t count = read(fd, buffer, sizeof buffer);
    if (count <= 0) return output;
    output.append(buffer, std::min(static_cast<std::size_t>(count), kMostOutput - std::min(kMostOutput, output.size())));
  }
}

CommandDone CommandRunner::carry_out(const RunCommand& command) {
  CommandDone done{.id = command.id, .exit_code = -1};
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return done;
  const auto pid = spawn({{"/bin/sh", "-c", command.command}}, ends[1]);
  ::close(ends[1]);
  bool is_late = false;
  if (pid) {
    done.output = read_output(ends[0], command.deadline, is_late);
    int status = 0;
    // A command may close its output and work on: its end counts, not its silence.
    while (!is_late && waitpid(*pid, &status, WNOHANG) == 0) {
      pollfd stop{thread_.stop_fd(), POLLIN, 0};
      is_late = poll(&stop, 1, 20) > 0 || monotonic_now() >= command.deadline;
    }
    if (!is_late) done.exit_code = exit_code_of(status);
    else if (monotonic_now() >= command.deadline) {
      kill(-*pid, SIGKILL);
      waitpid(*pid, &status, 0);
    }
  }
  ::close(ends[0]);
  if (!pid || is_late) log_.error("command {} node={}", pid ? "not finished" : "could not be started", command.node.value);
  if (!done.output.empty()) log_.info("command output command={} node={} output=\"{}\"", to_text(command.kind),
                                      command.node.value, done.output);
  return done;
}

}  // namespace howdah::failover
