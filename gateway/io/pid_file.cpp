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

bool is_running(pid_t pid) { return ::kill(pid, 0) == 0 || errno == EPERM; }

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
