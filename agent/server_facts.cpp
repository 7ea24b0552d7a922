#include "agent/server_facts.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace howdah::agent {

namespace {

constexpr std::array kStateNames{"absent", "stopped", "primary", "standby"};

// The value of a line "Label:   value"; empty if there is none.
std::string_view value_of(std::string_view text, std::string_view label) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string_view line = text.substr(at, end - at);
    at = end + 1;
    if (!line.starts_with(label) || line.size() == label.size() || line[label.size()] != ':') continue;
    line.remove_prefix(label.size() + 1);
    while (line.starts_with(' ')) line.remove_prefix(1);
    return line;
  }
  return {};
}

template <typename Number>
Number number_of(std::string_view text, int base = 10) {
  Number number{};
  std::from_chars(text.data(), text.data() + text.size(), number, base);
  return number;
}

// "0000000A.history"
TimelineId timeline_of_history(std::string_view file) {
  constexpr std::string_view kSuffix = ".history";
  if (file.size() != 8 + kSuffix.size() || !file.ends_with(kSuffix)) return {};
  return TimelineId{number_of<std::uint32_t>(file.substr(0, 8), 16)};
}

}  // namespace

const char* to_text(ServerState state) { return kStateNames[static_cast<std::size_t>(state)]; }

std::optional<ServerState> parse_server_state(std::string_view text) {
  const auto found = std::find(kStateNames.begin(), kStateNames.end(), text);
  if (found == kStateNames.end()) return std::nullopt;
  return static_cast<ServerState>(found - kStateNames.begin());
}

ServerFacts facts_of(const ServerTraces& traces) {
  ServerFacts facts;
  if (traces.control_data.empty()) return facts;
  const std::string_view cluster_state = value_of(traces.control_data, "Database cluster state");
  facts.system_identifier = number_of<std::uint64_t>(value_of(traces.control_data, "Database system identifier"));
  facts.timeline = TimelineId{number_of<std::uint32_t>(value_of(traces.control_data, "Latest checkpoint's TimeLineID"))};
  facts.checkpoint = parse_lsn(value_of(traces.control_data, "Latest checkpoint location")).value_or(Lsn{});
  for (const std::string& file : traces.wal_files) facts.timeline = std::max(facts.timeline, timeline_of_history(file));
  if (traces.has_processes) {
    facts.state = traces.has_standby_signal ? ServerState::standby : ServerState::primary;
  } else {
    facts.state = ServerState::stopped;
    facts.is_clean = cluster_state.starts_with("shut down");  // also "shut down in recovery"
  }
  return facts;
}

}  // namespace howdah::agent
