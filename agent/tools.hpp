// PostgreSQL's own programs as an agent calls them, and what it writes into the server's files. Programs get argument
// vectors; a password never stands among them.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/agent_options.hpp"
#include "base/result.hpp"

namespace howdah::agent {

struct Program {
  std::vector<std::string> argv;
  std::vector<std::pair<std::string, std::string>> environment = {};  // besides PATH, HOME and LC_ALL=C
};

Program control_data(const AgentOptions& options);
Program stop_server(const AgentOptions& options, std::string_view mode);
Program start_server(const AgentOptions& options);
Program setting_of_stopped(const AgentOptions& options, std::string_view name);  // prints one line
// Errors: the conninfo cannot be read.
Result<Program> rewind(const AgentOptions& options, std::string_view host, int port);
Result<Program> base_backup(const AgentOptions& options, std::string_view conninfo, const std::string& into);

// Text of postgresql.auto.conf with `name` set to `value` once, and no other line of it.
std::string with_setting(std::string_view auto_conf, std::string_view name, std::string_view value);

}  // namespace howdah::agent
