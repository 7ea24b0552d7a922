#include "pcp/replies.hpp"

#include "pcp/frame.hpp"

#include <fmt/format.h>

#include <charconv>
#include <limits>
#include <utility>

namespace howdah::pcp {

std::string complete(const Command& command) { return complete_with(command, {}); }

std::string complete_with(const Command& command, const std::vector<std::string>& texts) {
  std::string out;
  append_texts(out, command.reply, "CommandComplete", texts);
  return out;
}

std::string record_list(const Command& command, std::string_view record_name,
                        const std::vector<std::vector<std::string>>& records) {
  std::string out;
  append_texts(out, command.reply, {"ArraySize", fmt::to_string(records.size())});
  for (const auto& record : records) append_texts(out, command.reply, record_name, record);
  return out + complete(command);
}

ControlSurface::Done completing(const Command& command, Reply reply) {
  return [&command, reply = std::move(reply)](const Result<void>& result) {
    if (result) return reply(complete(command));
    reply(failure_of(result.error()));
  };
}

std::optional<std::int64_t> parse_number(std::string_view text) {
  while (text.ends_with(' ')) text.remove_suffix(1);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<NodeId> parse_node(const Arguments& arguments) {
  const auto number = parse_number(arguments.text);
  if (!number || *number < 0 || *number > std::numeric_limits<std::int32_t>::max()) return std::nullopt;
  return NodeId{static_cast<std::int32_t>(*number)};
}

}  // namespace howdah::pcp
