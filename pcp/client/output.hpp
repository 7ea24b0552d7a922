// What pcp_* tools print, byte for byte as Pgpool's: plain (scripts read it by position) and verbose. Pure.
#pragma once

#include "base/result.hpp"
#include "pcp/client/reply_reader.hpp"
#include "pcp/client/tool_call.hpp"

#include <string>

namespace howdah::pcp {

// The error: the server sent records of a form this version does not know.
Result<std::string> render_output(const ToolCall& call, const ServerReply& reply);

// Labels padded to the longest, the separator, the values.
std::string labelled(const std::vector<std::string_view>& labels, const Record& values,
                     std::string_view separator = " : ");
Error unreadable(std::string_view what);

// pcp_watchdog_info: the server sends a JSON text (watchdog_output.cpp).
Result<std::string> render_watchdog(bool is_verbose, const std::string& json);

}  // namespace howdah::pcp
