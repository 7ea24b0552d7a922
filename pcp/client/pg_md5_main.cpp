// pg_md5: the hash that pcp.conf wants, or (-m) an md5 entry in pool_passwd. Options are Pgpool's.
#include "conf/io/files.hpp"
#include "conf/load.hpp"
#include "pcp/client/mains.hpp"
#include "pcp/client/password_lines.hpp"
#include "pcp/client/terminal.hpp"
#include "pcp/login.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <getopt.h>
#include <optional>
#include <string>
#include <unistd.h>

namespace howdah::pcp {

namespace {


struct Md5Call {
  bool asks_password = false;
  bool writes_file = false;
  std::string user = {};
  std::string config_file = "/etc/pgpool2/pgpool.conf";
  std::string input_file = {};
  std::string password = {};
};

constexpr std::array kLongOptions{
    option{"prompt", no_argument, nullptr, 'p'},
    option{"md5auth", no_argument, nullptr, 'm'},
    option{"username", required_argument, nullptr, 'u'},
    option{"config-file", required_argument, nullptr, 'f'},
    option{"input-file", required_argument, nullptr, 'i'},
    option{"help", no_argument, nullptr, 'h'},
    option{nullptr, 0, nullptr, 0},
};

constexpr std::string_view kUsage =
    "pg_md5 - make an md5 hash of a password\n\n"
    "Usage:\n  pg_md5 [OPTION...] PASSWORD\n\nOptions:\n"
    "  -p, --prompt             ask for the password\n"
    "  -m, --md5auth            write user:md5... into pool_passwd\n"
    "  -u, --username=NAME      the user with -m; yours if not given\n"
    "  -f, --config-file=FILE   pgpool.conf, which names pool_passwd\n"
    "  -i, --input-file=FILE    lines user:password\n"
    "  -h, --help               show this text\n";

int fail(const std::string& message) {
  fmt::print(stderr, "pg_md5: {}\n", message);
  return kFailed;
}

// Nothing: help was asked for, or the command line is wrong.
std::optional<Md5Call> parse_call(int argc, char** argv) {
  Md5Call call;
  optind = 1;
  for (int letter = 0; (letter = ::getopt_long(argc, argv, "pmu:f:i:h", kLongOptions.data(), nullptr)) != -1;) {
    switch (letter) {
      case 'p':
        call.asks_password = true;
        break;
      case 'm':
        call.writes_file = true;
        break;
      case 'u':
        call.user = optarg;
        break;
      case 'f':
        call.config_file = optarg;
        break;
      case 'i':
        call.input_file = optarg;
        break;
      default:
        return std::nullopt;
    }
  }
  if (optind < argc) call.password = argv[optind];
  const bool has_password = !call.password.empty() || call.asks_password || !call.input_file.empty();
  if (!has_password) return std::nullopt;
  return call;
}

// Replaces the file at once, so that a reader never sees half of it.
Result<void> write_file(const std::string& path, const std::string& text) {
  const auto failed = [&path] {
    return Error{ErrorCode::environment, fmt::format("cannot write {}", path), std::strerror(errno)};
  };
  const std::string fresh = path + ".new";
  const int descriptor = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (descriptor < 0) return failed();
  const bool is_written =
      ::write(descriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fsync(descriptor) == 0;
  ::close(descriptor);
  if (!is_written || ::rename(fresh.c_str(), path.c_str()) != 0) return failed();
  return {};
}

Result<std::string> pool_passwd_path(const std::string& config_file) {
  auto text = read_file(config_file);
  if (!text) return text.error();
  const Loaded loaded = load_settings({.path = config_file, .read = file_reader()});
  const std::string name = loaded.settings.auth.pool_passwd();
  if (name.empty()) return Error{ErrorCode::configuration, "pool_passwd is empty: no such file is in use"};
  return loaded.settings.beside(name);
}

// The words of "user:password" lines, in order.
std::vector<std::pair<std::string, std::string>> read_pairs(const std::string& text) {
  std::vector<std::pair<std::string, std::string>> pairs;
  std::size_t begin = 0;
  while (begin < text.size()) {
    const auto end = std::min(text.find('\n', begin), text.size());
    const std::string line = text.substr(begin, end - begin);
    const auto colon = line.find(':');
    if (!line.starts_with('#') && colon != std::string::npos)
      pairs.emplace_back(line.substr(0, colon), line.substr(colon + 1));
    begin = end + 1;
  }
  return pairs;
}

}  // namespace

int pg_md5_main(int argc, char** argv) {
  auto call = parse_call(argc, argv);
  if (!call) {
    fmt::print(stderr, "{}", kUsage);
    return argc == 2 && (std::strcmp(argv[1], "-h") == 0 || std::strcmp(argv[1], "--help") == 0) ? kDone : kFailed;
  }
  std::vector<std::pair<std::string, std::string>> pairs;
  if (!call->input_file.empty()) {
    const auto text = read_file(call->input_file);
    if (!text) return fail(to_text(text.error()));
    pairs = read_pairs(*text);
  } else {
    if (call->asks_password) call->password = ask_password("password: ");
    pairs.emplace_back(call->user.empty() ? operating_system_user() : call->user, call->password);
  }
  if (!call->writes_file) {
    const bool is_list = !call->input_file.empty();
    for (const auto& [user, password] : pairs)
      fmt::print("{}{}\n", is_list ? user + ":" : std::string(), md5_hex(password));
    return kDone;
  }
  const auto path = pool_passwd_path(call->config_file);
  if (!path) return fail(to_text(path.error()));
  std::string text;
  if (auto old = read_file(*path)) text = std::move(*old);
  for (const auto& [user, password] : pairs) text = with_password(text, user, md5_entry(user, password));
  if (const auto written = write_file(*path, text); !written) return fail(to_text(written.error()));
  return kDone;
}

}  // namespace howdah::pcp
