#include "failover/io/journal.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>

namespace howdah::failover {

namespace {

std::string read_all(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(fd, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

bool sync_directory(const std::string& directory) {
  const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool is_synced = ::fsync(fd) == 0;
  ::close(fd);
  return is_synced;
}

bool replace_file(const std::string& path, std::string_view text) {
  const std::string fresh = path + ".new";
  const int fd = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
  if (fd < 0) return false;
  const bool is_written = write_all(fd, text) && ::fsync(fd) == 0;
  return (::close(fd) == 0) && is_written && std::rename(fresh.c_str(), path.c_str()) == 0;
}

}  // namespace

KeptState Journal::read() const {
  if (directory_.empty()) return {};
  return parse_kept_state(read_all(directory_ + "/pgpool_status"), read_all(directory_ + "/howdah_status"));
}

bool Journal::replace_if_changed(const char* name, std::string text, std::string& kept) const {
  if (text == kept) return true;
  kept.clear();  // what a failure leaves behind is not known
  if (!replace_file(directory_ + name, text)) return false;
  kept = std::move(text);
  return true;
}

void Journal::write(const KeptState& state) {
  if (directory_.empty()) return;
  const bool is_written = replace_if_changed("/howdah_status", to_howdah_status(state), kept_howdah_) &&
                          replace_if_changed("/pgpool_status", to_pgpool_status(state), kept_pgpool_) &&
                          sync_directory(directory_);
  if (!is_written) log_.error("status not written directory={} error=\"{}\"", directory_, std::strerror(errno));
}

}  // namespace howdah::failover
