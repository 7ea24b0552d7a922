// What a PCP command is: a row of the table in commands.cpp. The server looks rows up by letter; the command line tools
// look them up by name, build the payload by `arguments` and wait for `reply`. One row gives a command its wire letter,
// its tool pcp_<name>, its help and its line in the README.
#pragma once

#include "pcp/control_surface.hpp"
#include "pcp/failure.hpp"

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace howdah::pcp {

// The payload of a request.
enum class ArgumentKind {
  none,
  node,             // node id text, NUL
  node_or_all,      // the same; -1: all
  process_or_all,   // process number text, NUL; 0: all
  watchdog_or_all,  // member index text, NUL; -1: all
  promote,          // node id text, blank, NUL, then one byte: s = switchover, n = not
  stop_mode,        // one byte: s, f, i
  scope,            // one byte: l, c
  parameter,        // name NUL, value NUL
};

// Which option of the tool chooses this row rather than its neighbour of the same name.
enum class Variant { plain, graceful, cluster };

// What changes something is logged with who asked for it.
enum class Effect { reads, changes };

struct Arguments {
  std::string text = {};   // number as text, or the parameter's name
  std::string value = {};  // of a parameter
  char choice = 0;         // the one byte of promote, stop_mode and scope
};

// Complete packets to send, or an error.
using Outcome = std::variant<std::string, Failure>;
using Reply = std::function<void(Outcome)>;

struct Command;
using CommandFunction = void(const Command& command, const Arguments& arguments, ControlSurface& surface, Reply reply);

struct Command {
  char letter;
  char reply;             // letter of the answer; 0: none is sent
  std::string_view name;  // "node_info": the tool is pcp_node_info
  Variant variant;
  ArgumentKind arguments;
  Effect effect;
  CommandFunction* run;
  std::string_view help;
};

std::span<const Command> commands();
const Command* find_command(char letter);
const Command* find_command(std::string_view name, Variant variant);

Arguments parse_arguments(ArgumentKind kind, std::string_view payload);
std::string make_payload(ArgumentKind kind, const Arguments& arguments);

// The table of README.md.
std::string render_command_table();

}  // namespace howdah::pcp
