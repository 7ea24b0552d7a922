#include "failover/kept_state.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace howdah::failover {

namespace {

std::string_view take_line(std::string_view& text) {
  const auto end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

std::string on_one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

std::string lower(std::string_view word) {
  std::string result(word);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return result;
}

template <typename Number>
std::optional<Number> parse_number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// NODE, or NODE:NAMES
void parse_fenced(std::string_view value, KeptState& state) {
  const auto colon = value.find(':');
  const auto id = parse_number<std::int32_t>(value.substr(0, colon));
  if (!id) return;
  state.closed.push_back({NodeId{*id}, true, colon == value.npos ? "" : std::string(value.substr(colon + 1))});
}

void parse_entry(std::string_view key, std::string_view value, KeptState& state) {
  const auto number = parse_number<std::uint64_t>(value);
  const auto id = parse_number<std::int32_t>(value);
  if (key == "epoch" && number) state.epoch = Epoch{*number};
  else if (key == "timeline" && number) state.timeline = TimelineId{static_cast<std::uint32_t>(*number)};
  else if (key == "system_identifier" && number) state.system_identifier = *number;
  else if (key == "primary" && id) state.primary = NodeId{*id};
  else if (key == "synchronous") state.synchronous = value;
  else if (key == "closed" && id) state.closed.push_back({NodeId{*id}});
  else if (key == "fenced") parse_fenced(value, state);
  else if (key == "former" && id) state.former.push_back(NodeId{*id});
  else if (key == "outcast" && id) state.outcasts.push_back(NodeId{*id});
  else if (key == "detached" && id) state.detached.push_back(NodeId{*id});
}

}  // namespace

std::string to_pgpool_status(const KeptState& state) {
  std::string text;
  std::int32_t next = 0;
  for (const NodeId id : state.nodes) {
    for (; next < id.value; ++next) text += "unused\n";
    text += contains(state.down, id) ? "down\n" : "up\n";
    ++next;
  }
  return text;
}

std::string to_howdah_status(const KeptState& state) {
  std::string text = fmt::format("epoch={}\ntimeline={}\nsystem_identifier={}\n", state.epoch.value,
                                 state.timeline.value, state.system_identifier);
  if (state.primary) text += fmt::format("primary={}\n", state.primary->value);
  if (!state.synchronous.empty()) text += fmt::format("synchronous={}\n", on_one_line(state.synchronous));
  for (const NodeId id : state.detached) text += fmt::format("detached={}\n", id.value);
  for (const ClosedNode& closed : state.closed)
    text += fmt::format("{}={}{}{}\n", closed.is_fenced ? "fenced" : "closed", closed.node.value,
                        closed.synchronous_names.empty() ? "" : ":", on_one_line(closed.synchronous_names));
  for (const NodeId id : state.former) text += fmt::format("former={}\n", id.value);
  for (const NodeId id : state.outcasts) text += fmt::format("outcast={}\n", id.value);
  return text;
}

KeptState parse_kept_state(std::string_view pgpool_status, std::string_view howdah_status) {
  KeptState state;
  bool is_any_up = false;
  for (std::int32_t id = 0; !pgpool_status.empty(); ++id) {
    const std::string word = lower(take_line(pgpool_status));
    if (word == "up" || word == "down") state.nodes.push_back(NodeId{id});
    if (word == "down") state.down.push_back(NodeId{id});
    is_any_up = is_any_up || word == "up";
  }
  while (!howdah_status.empty()) {
    const std::string_view line = take_line(howdah_status);
    const auto equals = line.find('=');
    if (equals != std::string_view::npos) parse_entry(line.substr(0, equals), line.substr(equals + 1), state);
  }
  if (!is_any_up) state.down = state.detached;
  return state;
}

}  // namespace howdah::failover
