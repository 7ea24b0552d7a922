// The table of PCP commands: what an operator can do to a running gateway. Letters and reply letters are Pgpool's; its
// clients wait for exactly these, also where the reply is not the request's letter in lower case.
#include "pcp/command_functions.hpp"
#include "pcp/frame.hpp"

#include <fmt/format.h>

#include <array>

namespace howdah::pcp {

namespace {

using enum ArgumentKind;
using enum Effect;
using enum Variant;

constexpr std::array kCommands{
    Command{'L', 'l', "node_count", plain, none, reads, &cmd_node_count, "Number of nodes"},
    Command{'I', 'i', "node_info", plain, node_or_all, reads, &cmd_node_info, "State of one node or of all"},
    Command{'H', 'h', "health_check_stats", plain, node, reads, &cmd_health_check_stats,
            "What the health check has seen"},
    Command{'N', 'n', "proc_count", plain, none, reads, &cmd_proc_count, "Workers, by thread id"},
    Command{'P', 'p', "proc_info", plain, process_or_all, reads, &cmd_proc_info,
            "Server connections and who uses them"},
    Command{'B', 'b', "pool_status", plain, none, reads, &cmd_pool_status, "Configuration and node status"},
    Command{'C', 'c', "attach_node", plain, node, changes, &cmd_attach_node, "Use a node again"},
    Command{'D', 'd', "detach_node", plain, node, changes, &cmd_detach_node, "Stop using a node now"},
    Command{'d', 'd', "detach_node", graceful, node, changes, &cmd_detach_node, "The same, once no client uses it"},
    Command{'J', 'd', "promote_node", plain, promote, changes, &cmd_promote_node, "Switch over to a standby"},
    Command{'j', 'd', "promote_node", graceful, promote, changes, &cmd_promote_node, "The same"},
    Command{'O', 'c', "recovery_node", plain, node, changes, &cmd_recovery_node, "Copy the primary onto a node and use it"},
    Command{'Z', 'z', "reload_config", plain, scope, changes, &cmd_reload_config, "Read the configuration again"},
    Command{'V', 'v', "log_rotate", plain, scope, changes, &cmd_log_rotate, "Begin a new log file"},
    Command{'T', 't', "stop_pgpool", plain, stop_mode, changes, &cmd_stop_pgpool, "Stop this gateway"},
    Command{'t', 't', "stop_pgpool", cluster, stop_mode, changes, &cmd_stop_pgpool,
            "Stop every gateway of the cluster"},
    Command{'W', 'w', "watchdog_info", plain, watchdog_or_all, reads, &cmd_watchdog_info,
            "Watchdog members (not enabled)"},
    Command{'G', 'g', "invalidate_query_cache", plain, none, changes, &cmd_invalidate_query_cache,
            "Empty the query cache"},
    Command{'A', 'a', "", plain, parameter, reads, &cmd_set_parameter, "Set client_min_messages; no tool sends it"},
    Command{'F', 0, "", plain, none, reads, &cmd_obsolete, "Obsolete; taken without an answer"},
};

// M, R and X belong to the connection itself (pcp/connection.cpp).
consteval bool are_letters_unique() {
  for (std::size_t i = 0; i < kCommands.size(); ++i) {
    if (kCommands[i].letter == 'M' || kCommands[i].letter == 'R' || kCommands[i].letter == 'X') return false;
    for (std::size_t k = 0; k < i; ++k)
      if (kCommands[i].letter == kCommands[k].letter) return false;
  }
  return true;
}
static_assert(are_letters_unique());

bool is_one_byte(ArgumentKind kind) { return kind == stop_mode || kind == scope; }

std::string_view payload_text(ArgumentKind kind) {
  switch (kind) {
    case none:
      return "none";
    case node:
      return "node id";
    case node_or_all:
      return "node id, or -1 for all";
    case process_or_all:
      return "worker, or 0 for all";
    case watchdog_or_all:
      return "member, or -1 for all";
    case promote:
      return "node id, blank; byte s or n";
    case stop_mode:
      return "byte s, f or i";
    case scope:
      return "byte l or c";
    case parameter:
      return "name, value";
  }
  return {};
}

std::string tool_text(const Command& command) {
  if (command.name.empty()) return "none";
  const std::string_view option = command.variant == graceful ? " -g" : command.variant == cluster ? " -s cluster" : "";
  return fmt::format("`pcp_{}{}`", command.name, option);
}

}  // namespace

std::span<const Command> commands() { return kCommands; }

const Command* find_command(char letter) {
  for (const Command& command : kCommands)
    if (command.letter == letter) return &command;
  return nullptr;
}

const Command* find_command(std::string_view name, Variant variant) {
  for (const Command& command : kCommands)
    if (!name.empty() && command.name == name && command.variant == variant) return &command;
  return nullptr;
}

Arguments parse_arguments(ArgumentKind kind, std::string_view payload) {
  Arguments arguments;
  if (is_one_byte(kind)) {
    if (!payload.empty()) arguments.choice = payload[0];
    return arguments;
  }
  const auto texts = split_texts(payload);
  if (!texts.empty()) arguments.text = texts[0];
  if (texts.size() > 1) arguments.value = texts[1];
  if (kind == promote && !arguments.value.empty()) arguments.choice = arguments.value[0];
  return arguments;
}

std::string make_payload(ArgumentKind kind, const Arguments& arguments) {
  if (kind == none) return {};
  if (is_one_byte(kind)) return std::string(1, arguments.choice);
  std::string payload;
  append_cstring(payload, kind == promote ? arguments.text + " " : arguments.text);
  if (kind == promote) payload.push_back(arguments.choice);
  if (kind == parameter) append_cstring(payload, arguments.value);
  return payload;
}

std::string render_command_table() {
  std::string table = "| letter | reply | tool | payload | what it does |\n|---|---|---|---|---|\n";
  for (const Command& row : kCommands)
    table += fmt::format("| `{}` | {} | {} | {} | {} |\n", row.letter,
                         row.reply == 0 ? "none" : fmt::format("`{}`", row.reply), tool_text(row),
                         payload_text(row.arguments), row.help);
  return table;
}

}  // namespace howdah::pcp
