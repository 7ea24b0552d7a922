// What an agent can be asked to do: a row of the table in commands.cpp. Who holds a certificate that the agent trusts may
// ask for all of it; what changes the server runs one at a time.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "agent/protocol.hpp"
#include "agent/rejoin.hpp"

namespace howdah::agent {

// The machine an agent works on; agent/io/local_server implements it. Calls wait for their outcome.
class Host {
 public:
  virtual ~Host() = default;
  virtual RejoinOutcome perform(const RejoinAction& action, const Request& order) = 0;
  virtual void hear_lease(bool is_in_office) = 0;
};

enum class Privilege { read, change };

using CommandFunction = Report(const Request& request, Host& host);

struct Command {
  std::string_view name;
  Privilege privilege;
  CommandFunction* run;
  std::string_view arguments;
  std::string_view help;
};

std::span<const Command> commands();
const Command* find_command(std::string_view name);

// The table of README.md.
std::string render_command_table();

}  // namespace howdah::agent
