// The forms an answer can take, and the reading of numbers in requests. For the command functions only.
#pragma once

#include "pcp/command.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace howdah::pcp {

// "CommandComplete" alone.
std::string complete(const Command& command);
// "CommandComplete" and texts, in one packet.
std::string complete_with(const Command& command, const std::vector<std::string>& texts);
// ArraySize, one packet of `record_name` and texts per record, CommandComplete.
std::string record_list(const Command& command, std::string_view record_name,
                        const std::vector<std::vector<std::string>>& records);
// Hands `complete` or the error's words to `reply`.
ControlSurface::Done completing(const Command& command, Reply reply);

// Nothing unless the whole text is a number (blanks at the end are allowed: pcp_promote_node sends one).
std::optional<std::int64_t> parse_number(std::string_view text);
std::optional<NodeId> parse_node(const Arguments& arguments);

}  // namespace howdah::pcp
