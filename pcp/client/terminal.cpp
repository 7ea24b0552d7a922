#include "pcp/client/terminal.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <pwd.h>
#include <sstream>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

namespace howdah::pcp {

namespace {

// Turns echo off for its lifetime.
class Unseen {
 public:
  explicit Unseen(int descriptor) : descriptor_(descriptor) {
    is_terminal_ = ::tcgetattr(descriptor_, &before_) == 0;
    if (!is_terminal_) return;
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(descriptor_, TCSAFLUSH, &quiet);
  }
  ~Unseen() {
    if (is_terminal_) ::tcsetattr(descriptor_, TCSAFLUSH, &before_);
  }
  Unseen(const Unseen&) = delete;
  Unseen& operator=(const Unseen&) = delete;

 private:
  int descriptor_;
  bool is_terminal_ = false;
  termios before_{};
};

std::string read_line(int descriptor) {
  std::string line;
  char c = 0;
  while (::read(descriptor, &c, 1) == 1 && c != '\n') line.push_back(c);
  if (line.ends_with('\r')) line.pop_back();
  return line;
}

std::string password_file_name() {
  if (const char* name = std::getenv("PCPPASSFILE"); name != nullptr && *name != '\0') return name;
  const char* home = std::getenv("HOME");
  if (home != nullptr && *home != '\0') return std::string(home) + "/.pcppass";
  const passwd* entry = ::getpwuid(::geteuid());
  return entry == nullptr ? std::string() : std::string(entry->pw_dir) + "/.pcppass";
}

}  // namespace

std::string operating_system_user() {
  const passwd* entry = ::getpwuid(::geteuid());
  return entry == nullptr ? std::string() : entry->pw_name;
}

std::string ask_password(const std::string& prompt) {
  const int terminal = ::open("/dev/tty", O_RDWR | O_CLOEXEC);
  const int in = terminal < 0 ? STDIN_FILENO : terminal;
  const int out = terminal < 0 ? STDERR_FILENO : terminal;
  static_cast<void>(!::write(out, prompt.data(), prompt.size()));
  std::string password;
  {
    const Unseen unseen(in);
    password = read_line(in);
  }
  static_cast<void>(!::write(out, "\n", 1));
  if (terminal >= 0) ::close(terminal);
  return password;
}

std::optional<std::string> read_password_file() {
  const std::string name = password_file_name();
  struct stat status {};
  if (name.empty() || ::stat(name.c_str(), &status) != 0) return std::nullopt;
  if (!S_ISREG(status.st_mode)) {
    fmt::print(stderr, "WARNING: password file \"{}\" is not a plain file\n", name);
    return std::nullopt;
  }
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    fmt::print(stderr,
               "WARNING: password file \"{}\" has group or world access; permissions should be u=rw (0600) or less\n",
               name);
    return std::nullopt;
  }
  std::ifstream file(name);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace howdah::pcp
