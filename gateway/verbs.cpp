#include "gateway/verbs.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "agent/io/agent_connection.hpp"
#include "base/io/clock.hpp"
#include "conf/sample.hpp"
#include "failover/io/online_check.hpp"
#include "gateway/io/pid_file.hpp"
#include "gateway/options.hpp"

namespace howdah {

namespace {

constexpr auto kRepeatSignal = 5s;
constexpr Duration kAgentLimit = 10s;

std::optional<pid_t> running_pid(const CommandLine& line) {
  const Configuration configuration = read_configuration(file_paths(line));
  const auto pid = read_pid_file(configuration.settings().files.pid_file_name());
  return pid && is_running(*pid) ? pid : std::nullopt;
}

int signal_of(char mode) { return mode == 'i' ? SIGQUIT : mode == 'f' ? SIGINT : SIGTERM; }

void print_table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  for (std::size_t r = 0; r < rows.size(); ++r) {
    std::string text;
    for (std::size_t i = 0; i < widths.size(); ++i) text += fmt::format("{} {:<{}} ", i > 0 ? "|" : "", rows[r][i], widths[i]);
    while (text.ends_with(' ')) text.pop_back();
    fmt::print("{}\n", text);
    if (r > 0) continue;
    std::string rule;
    for (std::size_t i = 0; i < widths.size(); ++i) rule += (i > 0 ? "+" : "") + std::string(widths[i] + 2, '-');
    fmt::print("{}\n", rule);
  }
}

// Where this machine reaches the gateway: its first socket directory, else its port.
std::string local_address(const Settings& settings) {
  const StringList& directories = settings.listen.unix_socket_directories();
  if (!directories.empty()) return directories.front();
  const StringList& addresses = settings.listen.listen_addresses();
  const bool is_everywhere = addresses.empty() || addresses.front() == "*" || addresses.front() == "0.0.0.0";
  return is_everywhere ? "localhost" : addresses.front();
}

}  // namespace

FilePaths file_paths(const CommandLine& line) {
  return {line.config_file.empty() ? default_config_file() : line.config_file, line.hba_file, line.pcp_file,
          line.key_file};
}

void print_findings(const Findings& findings) {
  for (const Finding& finding : findings) fmt::print(stderr, "{}\n", to_text(finding));
}

ExitCode run_stop(const CommandLine& line) {
  const auto pid = running_pid(line);
  if (!pid) {
    fmt::print(stderr, "could not stop: no gateway is running\n");
    return ExitCode::fatal;
  }
  auto next_signal = std::chrono::steady_clock::now();
  while (is_running(*pid)) {
    if (std::chrono::steady_clock::now() >= next_signal) {
      ::kill(*pid, signal_of(line.stop_mode));
      next_signal += kRepeatSignal;
    }
    std::this_thread::sleep_for(50ms);
  }
  return ExitCode::ok;
}

ExitCode run_reload(const CommandLine& line) {
  const auto pid = running_pid(line);
  if (!pid || ::kill(*pid, SIGHUP) != 0) {
    fmt::print(stderr, "could not reload: no gateway is running\n");
    return ExitCode::usage;
  }
  return ExitCode::ok;
}

bool check_agent(const health::NodeOptions& node, const agent::TlsFiles& files) {
  if (!node.has_agent()) return true;
  agent::AgentConnection connection(node.agent_host, node.agent_port, files);
  const auto report = connection.ask({.command = "status"}, monotonic_now() + kAgentLimit, -1);
  const std::string trouble = report ? report->error : to_text(report.error());
  if (trouble.empty()) fmt::print("node {}: its agent answers, its server is: {}\n", node.id.value, to_text(report->server.state));
  else fmt::print(stderr, "node {}: error: its agent: {}\n", node.id.value, trouble);
  return trouble.empty();
}

// What native failover needs, and the agents; nothing else depends on it.
bool check_servers(const Configuration& configuration) {
  const Settings& settings = configuration.settings();
  const ProbeLogin login = probe_login(configuration, settings);
  if (!login.trouble.empty()) fmt::print(stderr, "the checks cannot log in: {}\n", login.trouble);
  bool is_good = true;
  for (const health::NodeOptions& node : health_options(settings).nodes) {
    is_good = check_agent(node, agent::tls_files(settings)) && is_good;
    const failover::NodeCheck check = failover::check_online(node, login.credentials);
    if (!check.unreachable.empty()) {
      fmt::print(stderr, "node {}: cannot be asked: {}\n", node.id.value, check.unreachable);
      is_good = false;
      continue;
    }
    for (const failover::Shortcoming& shortcoming : check.shortcomings) {
      fmt::print(stderr, "node {}: {}: {}\n  mend: {}\n", node.id.value, shortcoming.is_needed ? "error" : "advice",
                 shortcoming.text, shortcoming.mend);
      is_good = is_good && !shortcoming.is_needed;
    }
    if (check.shortcomings.empty()) fmt::print("node {}: ready for native failover\n", node.id.value);
  }
  return is_good;
}

ExitCode run_check(const CommandLine& line) {
  const Configuration configuration = read_configuration(file_paths(line), true);
  print_findings(configuration.findings);
  bool is_good = !has_errors(configuration.findings) && !has_kind(configuration.findings, FindingKind::unknown_name);
  NullLog no_log;
  if (const auto config = worker_config(configuration.settings(), no_log); !config) {
    fmt::print(stderr, "{}: error: {}\n", configuration.settings().path, to_text(config.error()));
    is_good = false;
  }
  if (is_good) fmt::print("{}: no mistakes found\n", configuration.settings().path);
  if (is_good && line.is_online) is_good = check_servers(configuration);
  return is_good ? ExitCode::ok : ExitCode::fatal;
}

ExitCode run_sample() {
  fmt::print("{}", sample_file());
  return ExitCode::ok;
}

ExitCode run_show(const CommandLine& line) {
  const Configuration configuration = read_configuration(file_paths(line));
  const Settings& settings = configuration.settings();
  // PGUSER, PGPASSWORD, PGDATABASE and a password file work as with psql.
  const std::string host = local_address(settings);
  const std::string port = std::to_string(settings.listen.port());
  const char* const keys[] = {"host", "port", nullptr};
  const char* const values[] = {host.c_str(), port.c_str(), nullptr};
  const std::unique_ptr<PGconn, decltype(&PQfinish)> connection(PQconnectdbParams(keys, values, 0), &PQfinish);
  if (PQstatus(connection.get()) != CONNECTION_OK) {
    fmt::print(stderr, "{}", PQerrorMessage(connection.get()));
    return ExitCode::usage;
  }
  const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQexec(connection.get(), line.sql.c_str()), &PQclear);
  if (PQresultStatus(result.get()) != PGRES_TUPLES_OK && PQresultStatus(result.get()) != PGRES_COMMAND_OK) {
    fmt::print(stderr, "{}", PQerrorMessage(connection.get()));
    return ExitCode::usage;
  }
  std::vector<std::vector<std::string>> rows(1);
  for (int column = 0; column < PQnfields(result.get()); ++column)
    rows[0].emplace_back(PQfname(result.get(), column));
  for (int row = 0; row < PQntuples(result.get()); ++row) {
    auto& cells = rows.emplace_back();
    for (int column = 0; column < PQnfields(result.get()); ++column)
      cells.emplace_back(PQgetvalue(result.get(), row, column));
  }
  if (!rows[0].empty()) print_table(rows);
  return ExitCode::ok;
}

}  // namespace howdah
