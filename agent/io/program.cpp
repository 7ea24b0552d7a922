#include "agent/io/program.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string_view>
#include <vector>

#include "base/io/clock.hpp"
#include "base/io/spawn.hpp"

namespace howdah::agent {

namespace {

constexpr std::size_t kMostOutput = 64 * 1024;
constexpr int kSummaryLines = 3;  // the reason, what failed because of it, and some advice
constexpr int kLookForEndMs = 20;  // a child that has closed its output may work on

std::vector<std::string> environment_of(const Program& program) {
  std::vector<std::string> all{"LC_ALL=C"};
  for (const char* name : {"PATH", "HOME", "USER", "LOGNAME", "LD_LIBRARY_PATH"})
    if (const char* value = std::getenv(name); value != nullptr) all.push_back(std::string(name) + "=" + value);
  for (const auto& [name, value] : program.environment) all.push_back(name + "=" + value);
  return all;
}

// The server that pg_ctl leaves behind may hold the pipe open, so the child's end counts, not that of its output.
ProgramResult follow(pid_t pid, int output, std::optional<Instant> deadline, int stop_fd) {
  ProgramResult result;
  bool is_open = true, has_ended = false;
  int status = 0;
  for (;;) {
    has_ended = has_ended || waitpid(pid, &status, WNOHANG) == pid;
    std::array<pollfd, 2> fds{{{is_open ? output : -1, POLLIN, 0}, {has_ended ? -1 : stop_fd, POLLIN, 0}}};
    poll(fds.data(), fds.size(), has_ended ? 0 : kLookForEndMs);
    if (fds[0].revents != 0) {
      std::array<char, 4096> buffer;
      const ssize_t count = read(output, buffer.data(), buffer.size());
      is_open = count > 0;
      if (is_open) result.output.append(buffer.data(), static_cast<std::size_t>(count));
      if (result.output.size() > kMostOutput) result.output.erase(0, result.output.size() - kMostOutput);
      if (is_open) continue;
    }
    if (has_ended) {
      result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
      return result;
    }
    if (fds[1].revents == 0 && (!deadline || monotonic_now() < *deadline)) continue;
    kill(-pid, SIGTERM);
    for (int waited = 0; waited < 100 && waitpid(pid, &status, WNOHANG) == 0; ++waited) poll(nullptr, 0, kLookForEndMs);
    kill(-pid, SIGKILL);
    waitpid(pid, &status, 0);
    result.output += "\nit was ended before it was done";
    return result;
  }
}

}  // namespace

std::string ProgramResult::summary() const {
  std::string text;
  std::string_view rest = output;
  for (int lines = 0; lines < kSummaryLines && !rest.empty();) {
    const std::size_t begin = rest.rfind('\n') + 1;  // npos + 1 is 0
    const std::string_view line = rest.substr(begin);
    rest = rest.substr(0, begin > 0 ? begin - 1 : 0);
    if (line.find_first_not_of(" \t") == std::string_view::npos) continue;
    text = std::string(line) + (text.empty() ? "" : "; ") + text;
    ++lines;
  }
  return text.empty() ? "exit code " + std::to_string(exit_code) : text;
}

Program shell_command(const std::string& command) { return {{"/bin/sh", "-c", command}}; }

ProgramResult run_program(const Program& program, Duration limit, int stop_fd) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return {.output = std::strerror(errno)};
  // In the root directory: who works in the data directory is taken for a part of the server.
  const auto pid = spawn({program.argv, environment_of(program), "/"}, ends[1]);
  ::close(ends[1]);
  ProgramResult result{.output = "\"" + program.argv.front() + "\" cannot be started"};
  if (pid)
    result = follow(*pid, ends[0], limit > Duration{} ? std::optional(monotonic_now() + limit) : std::nullopt, stop_fd);
  ::close(ends[0]);
  return result;
}

}  // namespace howdah::agent
