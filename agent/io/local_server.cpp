#include "agent/io/local_server.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <iterator>

#include "agent/io/program.hpp"
#include "agent/io/tls_link.hpp"
#include "base/io/clock.hpp"
#include "base/overloaded.hpp"
#include "conf/conninfo.hpp"

namespace howdah::agent {

namespace {

namespace fs = std::filesystem;

constexpr Duration kLookLimit = 10s;
constexpr Duration kQuitLimit = 5s;  // orphans of a dead postmaster get SIGQUIT, and SIGKILL after this
constexpr int kLookAgainMs = 20;

// Empty where it cannot be read: what stands in /proc may be gone while it is read, which a bare streambuf would throw.
std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return std::move(text).str();
}

std::string why() { return std::strerror(errno); }

// On the disk when it returns, whole or not at all.
std::string write_file(const std::string& path, std::string_view text) {
  const std::string fresh = path + ".howdah_new";
  const int fd = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return fresh + ": " + why();
  const bool is_written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fsync(fd) == 0;
  if (::close(fd) != 0 || !is_written || std::rename(fresh.c_str(), path.c_str()) != 0) return path + ": " + why();
  return {};
}

bool exists(const std::string& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

// A directory that cannot be read, or vanishes meanwhile, is empty.
std::vector<fs::path> entries_of(const fs::path& directory) {
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator entry(directory, error); !error && entry != fs::directory_iterator(); entry.increment(error))
    found.push_back(entry->path());
  return found;
}

std::string text_of(const std::error_code& error) { return error ? error.message() : std::string{}; }

template <typename Condition>
bool wait_for(Condition condition, Duration limit) {
  const Instant deadline = monotonic_now() + limit;
  while (!condition()) {
    if (monotonic_now() >= deadline) return false;
    poll(nullptr, 0, kLookAgainMs);
  }
  return true;
}

void signal_all(const std::vector<pid_t>& pids, int number) {
  for (const pid_t pid : pids) ::kill(pid, number);
}

}  // namespace

RejoinOutcome LocalServer::perform(const RejoinAction& action, const Request& order) {
  if (std::holds_alternative<Look>(action)) return {.facts = look()};
  RejoinOutcome outcome;
  outcome.error = std::visit(
      Overloaded{
          [&](const StopServer& what) { return stop(what.mode); },
          [&](const StartServer& what) { return start(what.may_be_primary); },
          [&](const SaveConfig&) { return save_config(); },
          [&](const RestoreConfig&) { return restore_config(); },
          [&](const RemoveSignals&) { return remove_signals(); },
          [&](const Rewind&) { return rewind(order); },
          [&](const Clone&) { return clone(order); },
          [&](const ConfigureStandby&) { return configure_standby(order); },
          [](const auto&) { return std::string{}; },
      },
      action);
  if (!outcome.error.empty()) log_.warn("step failed error=\"{}\"", outcome.error);
  return outcome;
}

ServerFacts LocalServer::look() const {
  ServerTraces traces;
  if (!exists(in_data("global/pg_control"))) return {};
  const ProgramResult control = run_program(control_data(options_), kLookLimit, -1);
  traces.control_data = control.is_ok() ? control.output : "unreadable";
  for (const fs::path& entry : entries_of(in_data("pg_wal")))
    if (entry.extension() == ".history") traces.wal_files.push_back(entry.filename());
  traces.has_processes = !processes().empty();
  traces.has_standby_signal = exists(in_data("standby.signal"));
  return facts_of(traces);
}

// A postmaster and all its children work in the data directory, also children that it has left behind.
std::vector<pid_t> LocalServer::processes() const {
  std::vector<pid_t> found;
  std::error_code error;
  const fs::path home = fs::canonical(options_.data_directory, error);
  if (error) return found;
  for (const fs::path& entry : entries_of("/proc")) {
    const std::string name = entry.filename();
    pid_t pid = 0;
    const auto [end, failed] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (failed != std::errc() || end != name.data() + name.size()) continue;
    std::error_code gone;  // not ours to look at, or ended
    if (fs::read_symlink(entry / "cwd", gone) != home || gone) continue;
    if (read_file(entry / "comm").starts_with("postgres")) found.push_back(pid);
  }
  return found;
}

bool LocalServer::has_postmaster() const {
  const std::string text = read_file(in_data("postmaster.pid"));
  pid_t pid = 0;
  std::from_chars(text.data(), text.data() + text.size(), pid);
  const std::vector<pid_t> running = processes();
  return std::find(running.begin(), running.end(), pid) != running.end();
}

std::string LocalServer::stop(const std::string& mode) {
  if (processes().empty()) return {};
  log_.info("server is stopped mode={}", mode);
  const bool is_own_way = mode == "fast" && !options_.stop_command.empty();
  const Program program = is_own_way ? shell_command(options_.stop_command) : stop_server(options_, mode);
  const ProgramResult stopped = run_program(program, options_.server_timeout + 5s, stop_fd_);
  const bool is_gone = wait_for([this] { return processes().empty(); }, stopped.is_ok() ? options_.server_timeout : Duration{});
  if (is_gone) return {};
  // Without a postmaster nobody ends its children but us; and a server that must go at once, goes.
  return has_postmaster() && mode != "immediate" ? stopped.summary() : end_processes();
}

std::string LocalServer::end_processes() {
  signal_all(processes(), SIGQUIT);
  const auto is_gone = [this] { return processes().empty(); };
  if (!wait_for(is_gone, kQuitLimit)) signal_all(processes(), SIGKILL);
  if (!wait_for(is_gone, kQuitLimit)) return "some of its processes do not end";
  ::unlink(in_data("postmaster.pid").c_str());  // its number may be another process's by now
  return {};
}

std::string LocalServer::start(bool may_be_primary) {
  if (!may_be_primary && !exists(in_data("standby.signal")))
    return "the server would start as a primary, and the gateway does not hold it to be the one in office";
  log_.info("server is started");
  const Program program =
      options_.start_command.empty() ? start_server(options_) : shell_command(options_.start_command);
  const ProgramResult started = run_program(program, options_.server_timeout + 5s, stop_fd_);
  if (started.is_ok() || !processes().empty()) return {};  // recovery may take longer than anybody waits
  return started.summary();
}

std::string LocalServer::save_config() const {
  if (exists(saved_config())) return {};
  std::error_code error;
  const std::string fresh = saved_config() + ".new";
  fs::remove_all(fresh, error);
  fs::create_directory(fresh, error);
  bool has_any = false;
  for (const fs::path& entry : entries_of(options_.data_directory)) {
    if (!error && entry.extension() == ".conf" && fs::is_regular_file(entry, error))
      has_any = fs::copy_file(entry, fs::path(fresh) / entry.filename(), error) || has_any;
  }
  if (!error && !has_any) return "none can be read";  // postgresql.auto.conf is always there
  if (!error) fs::rename(fresh, saved_config(), error);
  return text_of(error);
}

std::string LocalServer::restore_config() const {
  std::error_code error;
  if (!exists(saved_config())) return {};
  for (const fs::path& entry : entries_of(saved_config()))
    if (auto failed = write_file(in_data(entry.filename().string()), read_file(entry)); !failed.empty()) return failed;
  fs::remove_all(saved_config(), error);
  return text_of(error);
}

std::string LocalServer::remove_signals() const {
  for (const char* name : {"standby.signal", "recovery.signal"})
    if (::unlink(in_data(name).c_str()) != 0 && errno != ENOENT) return std::string(name) + ": " + why();
  return {};
}

std::string LocalServer::rewind(const Request& order) {
  if (options_.rewind_conninfo.empty()) return "neither agent_rewind_conninfo nor agent_replication_conninfo is set";
  const auto program = agent::rewind(options_, order.primary_host, order.primary_port);
  if (!program) return to_text(program.error());
  const ProgramResult done = run_program(*program, {}, stop_fd_);
  log_.info("pg_rewind ended exit_code={} last=\"{}\"", done.exit_code, done.summary());
  return done.is_ok() ? std::string{} : done.summary();
}

std::string LocalServer::clone(const Request& order) {
  const std::string& data = options_.data_directory;
  const std::string fresh = data + ".new", old = data + ".old";
  const auto conninfo = replication_conninfo(order);
  if (!conninfo) return to_text(conninfo.error());
  const auto program = base_backup(options_, *conninfo, fresh);
  if (!program) return to_text(program.error());
  std::error_code error;
  fs::remove_all(fresh, error);
  const ProgramResult done = run_program(*program, {}, stop_fd_);
  log_.info("pg_basebackup ended exit_code={} last=\"{}\"", done.exit_code, done.summary());
  if (!done.is_ok()) return done.summary();
  if (!processes().empty()) return "a server was started meanwhile";
  if (exists(data)) {
    fs::remove_all(old, error);
    fs::rename(data, old, error);
    if (error) return fmt::format("{} cannot be put aside: {}", data, error.message());
  }
  fs::rename(fresh, data, error);
  return text_of(error);
}

Result<std::string> LocalServer::replication_conninfo(const Request& order) {
  std::string base = options_.replication_conninfo;
  if (base.empty() && exists(in_data("PG_VERSION"))) {
    const ProgramResult asked = run_program(setting_of_stopped(options_, "primary_conninfo"), kLookLimit, stop_fd_);
    if (asked.is_ok()) base = asked.output.substr(0, asked.output.find('\n'));
  }
  const auto conninfo = base.empty() ? std::nullopt : with_source(base, order.primary_host, order.primary_port);
  if (conninfo) return *conninfo;
  return Error{ErrorCode::configuration, "there is no login for replication", {},
               "Set agent_replication_conninfo, or primary_conninfo of the server."};
}

std::string LocalServer::configure_standby(const Request& order) {
  const auto conninfo = replication_conninfo(order);
  if (!conninfo) return to_text(conninfo.error());
  const std::string path = in_data("postgresql.auto.conf");
  std::string text = with_setting(read_file(path), "primary_conninfo", *conninfo);
  if (!order.slot.empty()) text = with_setting(text, "primary_slot_name", order.slot);
  if (auto failed = write_file(path, text); !failed.empty()) return failed;
  if (::unlink(in_data("recovery.signal").c_str()) != 0 && errno != ENOENT) return "recovery.signal: " + why();
  return write_file(in_data("standby.signal"), "");
}

}  // namespace howdah::agent
