#include "conf/io/files.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

namespace howdah {

namespace {

constexpr std::size_t kLargest = 64 << 20;  // no configuration is larger; /dev/zero ends here

Error file_error(const std::string& path, int code) {
  return {ErrorCode::environment, fmt::format("{}: {}", path, std::strerror(code))};
}

}  // namespace

Result<std::string> read_file(const std::string& path) {
  struct stat status = {};
  if (::stat(path.c_str(), &status) != 0) return file_error(path, errno);
  if (S_ISDIR(status.st_mode)) return file_error(path, EISDIR);
  std::ifstream file(path, std::ios::binary);
  if (!file) return file_error(path, errno);
  std::string text;
  char chunk[8192];
  while (file.read(chunk, sizeof chunk) || file.gcount() > 0) {
    text.append(chunk, static_cast<std::size_t>(file.gcount()));
    if (text.size() > kLargest) return file_error(path, EFBIG);
  }
  if (file.bad()) return file_error(path, EIO);
  return text;
}

Result<void> write_file(const std::string& path, const std::string& text, unsigned mode, bool may_overwrite) {
  // Beside it first and then renamed: never half a file, and a secret is never readable for a moment.
  const std::string draft = path + ".new";
  ::unlink(draft.c_str());
  const int fd = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return file_error(draft, errno);
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t written = ::write(fd, text.data() + done, text.size() - done);
    if (written < 0) break;
    done += static_cast<std::size_t>(written);
  }
  const bool is_good = done == text.size() && ::fchmod(fd, mode) == 0 && ::fsync(fd) == 0;
  const int why = errno;
  ::close(fd);
  if (!is_good) {
    ::unlink(draft.c_str());
    return file_error(draft, why);
  }
  const int renamed = ::renameat2(AT_FDCWD, draft.c_str(), AT_FDCWD, path.c_str(), may_overwrite ? 0 : RENAME_NOREPLACE);
  const int code = errno;
  if (renamed == 0) return {};
  ::unlink(draft.c_str());
  return file_error(path, code);
}

FileReader file_reader() {
  return [](const std::string& path) { return read_file(path); };
}

Environment process_environment() {
  Environment environment;
  for (char** entry = environ; entry && *entry; ++entry) {
    const std::string_view text(*entry);
    const auto equals = text.find('=');
    if (equals != std::string_view::npos) environment.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return environment;
}

Findings check_secret_file(const std::string& path) {
  struct stat status = {};
  if (::stat(path.c_str(), &status) != 0) return {};
  const mode_t allowed = status.st_uid == 0 ? S_IRGRP : 0;
  if ((status.st_mode & (S_IRWXG | S_IRWXO) & ~allowed) == 0) return {};
  return {{FindingKind::remark,
           FindingLevel::warning,
           {path, 0},
           fmt::format("others may read or write this file with secrets (mode {:04o}); chmod 600 it",
                       status.st_mode & 07777)}};
}

std::optional<std::string> read_key_file(const std::string& path, Findings& findings) {
  struct stat status = {};
  if (path.empty() || ::stat(path.c_str(), &status) != 0) return std::nullopt;
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    findings.push_back({FindingKind::remark,
                        FindingLevel::warning,
                        {path, 0},
                        "the key file is ignored, because others may read it; chmod 600 it"});
    return std::nullopt;
  }
  auto text = read_file(path);
  if (!text) {
    findings.push_back({FindingKind::remark, FindingLevel::warning, {path, 0}, to_text(text.error())});
    return std::nullopt;
  }
  return text->substr(0, text->find_first_of("\r\n"));
}

std::string default_key_file(const Environment& environment) {
  if (const auto named = environment.find("PGPOOLKEYFILE"); named != environment.end()) return named->second;
  const auto home = environment.find("HOME");
  return home == environment.end() ? "" : home->second + "/.pgpoolkey";
}

}  // namespace howdah
