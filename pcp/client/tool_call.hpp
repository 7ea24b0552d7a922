// What the user of a pcp_* tool asked for: the command line, read by the command table. Options are Pgpool's; which of
// them a tool takes follows from the kind of argument its command has.
#pragma once

#include "base/result.hpp"
#include "pcp/command.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace howdah::pcp {

struct ToolCall {
  const Command* command = nullptr;
  Arguments arguments = {};
  std::string host = {};  // empty: the local socket
  std::uint16_t port = 9898;
  std::string user = {};  // empty: the operating system's
  bool is_verbose = false;
  bool is_traced = false;       // -d
  bool never_prompts = false;   // -w
  bool always_prompts = false;  // -W
  bool shows_free_slots = false;
  bool wants_help = false;
  bool wants_version = false;
};

// "pcp_node_info", "node_info" and "node-info" name the same. Empty if there is no such tool.
std::string tool_name(std::string_view name);

// `words` are the arguments behind the tool's name. The error's message is one line for stderr.
Result<ToolCall> parse_tool_call(std::string_view tool, const std::vector<std::string>& words);

std::string usage_text(std::string_view tool);

}  // namespace howdah::pcp
