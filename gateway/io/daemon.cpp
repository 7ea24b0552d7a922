#include "gateway/io/daemon.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>

namespace howdah {

namespace {

constexpr int kFatal = 3;

[[noreturn]] void wait_for_child(pid_t child, int from_child) {
  char word = 0;
  if (::read(from_child, &word, 1) == 1) std::_Exit(EXIT_SUCCESS);
  int status = 0;
  ::waitpid(child, &status, 0);
  std::_Exit(WIFEXITED(status) ? WEXITSTATUS(status) : kFatal);
}

}  // namespace

Daemon Daemon::detach() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    std::perror("cannot make a pipe");
    std::exit(kFatal);
  }
  const pid_t child = ::fork();
  if (child < 0) {
    std::perror("cannot fork");
    std::exit(kFatal);
  }
  if (child > 0) {
    ::close(ends[1]);
    wait_for_child(child, ends[0]);
  }
  ::close(ends[0]);
  ::setsid();
  return Daemon(UniqueFd(ends[1]));
}

void Daemon::is_ready() {
  const char word = 'r';
  [[maybe_unused]] const auto written = ::write(to_parent_.value(), &word, 1);
  to_parent_.reset();
  // stderr stays: it is the log, wherever the operator sent it.
  const UniqueFd nowhere(::open("/dev/null", O_RDWR | O_CLOEXEC));
  ::dup2(nowhere.value(), STDIN_FILENO);
  ::dup2(nowhere.value(), STDOUT_FILENO);
}

}  // namespace howdah
