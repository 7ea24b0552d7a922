// The pid file as Pgpool writes it: digits, then one NUL byte. Used by the program at start and by its stop and
// reload verbs.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/result.hpp"

namespace howdah {

// Nothing if there is no such file or no number in it.
std::optional<pid_t> read_pid_file(const std::string& path);
bool is_running(pid_t pid);

// Removed when the program ends.
class PidFile {
 public:
  // An Error if another live process is named there.
  static Result<PidFile> create(const std::string& path);
  ~PidFile();
  PidFile(PidFile&& other) noexcept : path_(std::move(other.path_)) { other.path_.clear(); }
  PidFile& operator=(PidFile&&) = delete;

 private:
  explicit PidFile(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

}  // namespace howdah
