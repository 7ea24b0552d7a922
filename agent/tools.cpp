#include "agent/tools.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/ascii.hpp"
#include "conf/conninfo.hpp"

namespace howdah::agent {

namespace {

std::string in_bin(const AgentOptions& options, std::string_view program) {
  return options.bin_directory.empty() ? std::string(program) : fmt::format("{}/{}", options.bin_directory, program);
}

std::string limit_of(const AgentOptions& options) {
  return fmt::to_string(std::chrono::duration_cast<seconds>(options.server_timeout).count());
}

// In single quotes for the shell that pg_ctl starts the server by.
std::string for_shell(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') quoted += "'\\'";
    quoted += c;
  }
  return quoted + "'";
}

// Does a line of a configuration file set `name`?
bool sets(std::string_view line, std::string_view name) {
  while (line.starts_with(' ') || line.starts_with('\t')) line.remove_prefix(1);
  if (line.size() < name.size()) return false;
  if (!std::equal(name.begin(), name.end(), line.begin(), [](char a, char b) { return lower(a) == lower(b); })) return false;
  line.remove_prefix(name.size());
  return line.empty() || line.front() == ' ' || line.front() == '\t' || line.front() == '=';
}

Error unreadable() {
  return {ErrorCode::configuration, "the connection string is not of the form keyword=value", {},
          "Mend agent_replication_conninfo or agent_rewind_conninfo."};
}

Result<Program> with_password(Program program, std::string_view option, std::string_view conninfo) {
  auto split = split_password(conninfo);
  if (!split) return unreadable();
  program.argv.push_back(fmt::format("{}={}", option, split->conninfo));
  if (!split->password.empty()) program.environment.emplace_back("PGPASSWORD", std::move(split->password));
  return program;
}

}  // namespace

Program control_data(const AgentOptions& options) {
  return {{in_bin(options, "pg_controldata"), "-D", options.data_directory}};
}

Program stop_server(const AgentOptions& options, std::string_view mode) {
  return {{in_bin(options, "pg_ctl"), "-D", options.data_directory, "-m", std::string(mode), "-w", "-t", limit_of(options),
           "stop"}};
}

Program start_server(const AgentOptions& options) {
  Program program{{in_bin(options, "pg_ctl"), "-D", options.data_directory, "-w", "-t", limit_of(options), "-l",
                   options.server_log.empty() ? "/dev/null" : options.server_log}};
  if (!options.config_file.empty()) {
    program.argv.push_back("-o");
    program.argv.push_back(fmt::format("-c config_file={}", for_shell(options.config_file)));
  }
  program.argv.push_back("start");
  return program;
}

Program setting_of_stopped(const AgentOptions& options, std::string_view name) {
  Program program{{in_bin(options, "postgres"), "-D", options.data_directory, "-C", std::string(name)}};
  if (!options.config_file.empty()) {
    program.argv.push_back("-c");
    program.argv.push_back(fmt::format("config_file={}", options.config_file));
  }
  return program;
}

Result<Program> rewind(const AgentOptions& options, std::string_view host, int port) {
  Program program{{in_bin(options, "pg_rewind"), "-D", options.data_directory}};
  if (!options.config_file.empty()) program.argv.push_back(fmt::format("--config-file={}", options.config_file));
  const auto source = with_source(options.rewind_conninfo, host, port);
  if (!source) return unreadable();
  // Of repeated keywords the last counts, so a database of the operator's own wins.
  return with_password(std::move(program), "--source-server", "dbname=postgres " + *source);
}

Result<Program> base_backup(const AgentOptions& options, std::string_view conninfo, const std::string& into) {
  return with_password({{in_bin(options, "pg_basebackup"), "-D", into, "-X", "stream", "-c", "fast", "-w"}}, "--dbname",
                       conninfo);
}

std::string with_setting(std::string_view auto_conf, std::string_view name, std::string_view value) {
  std::string text;
  while (!auto_conf.empty()) {
    const std::size_t end = std::min(auto_conf.find('\n'), auto_conf.size() - 1);
    const std::string_view line = auto_conf.substr(0, end + 1);
    auto_conf.remove_prefix(end + 1);
    if (sets(line, name)) continue;
    text += line;
    if (!line.ends_with('\n')) text += '\n';
  }
  std::string quoted;
  for (const char c : value) quoted += c == '\'' ? "''" : c == '\\' ? "\\\\" : std::string(1, c);
  return text + fmt::format("{} = '{}'\n", name, quoted);
}

}  // namespace howdah::agent
