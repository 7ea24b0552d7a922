#include "gateway/io/pid_file.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>

namespace howdah {

std::optional<pid_t> read_pid_file(const std::string& path) {
  std::ifstream file(path);
  std::string text;
  if (!std::getline(file, text, '\0')) return std::nullopt;
  pid_t pid = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), pid);
  if (error != std::errc{} || pid <= 0) return std::nullopt;
  return pid;
}

// A dead process whose parent never asks for its end (a container without init) is not running.
bool is_running(pid_t pid) {
  if (::kill(pid, 0) != 0) return errno == EPERM;
  std::ifstream stat(fmt::format("/proc/{}/stat", pid));
  std::string text;
  std::getline(stat, text);
  const auto name_end = text.rfind(')');
  return name_end == std::string::npos || text.substr(name_end).find(" Z ") != 1;
}

Result<PidFile> PidFile::create(const std::string& path) {
  if (const auto pid = read_pid_file(path); pid && *pid != ::getpid() && is_running(*pid))
    return Error{ErrorCode::environment, fmt::format("pid file found. is another pgpool({}) is running?", *pid)};
  std::ofstream file(path, std::ios::trunc);
  file << ::getpid() << '\0';
  file.close();
  if (!file)
    return Error{ErrorCode::environment, fmt::format("cannot write the pid file \"{}\"", path), std::strerror(errno)};
  return PidFile(path);
}

PidFile::~PidFile() {
  if (!path_.empty() && read_pid_file(path_) == ::getpid()) ::unlink(path_.c_str());
}

}  // namespace howdah
