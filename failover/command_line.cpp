#include "failover/command_line.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace howdah::failover {

namespace {

// Where in the operator's shell text a placeholder stands.
enum class Quote { none, single, twofold };

bool is_plain(std::string_view value) {
  return !value.empty() && std::all_of(value.begin(), value.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("._/:-").find(c) != std::string_view::npos;
  });
}

// A value that the shell takes as text in that place (POSIX.1-2017, Shell Command Language, 2.2 Quoting).
std::string quote(std::string_view value, Quote place) {
  if (is_plain(value)) return std::string(value);
  std::string text;
  for (const char c : value) {
    if (place == Quote::twofold && std::string_view("$`\"\\").find(c) != std::string_view::npos) text += '\\';
    if (place != Quote::twofold && c == '\'') text += "'\\'";  // leaves the quotes for one character
    text += c;
  }
  return place == Quote::none ? "'" + text + "'" : text;
}

std::string host_of(const health::NodeOptions* node) { return node == nullptr ? "" : node->host; }
std::string id_of(const health::NodeOptions* node) { return node == nullptr ? "-1" : fmt::format("{}", node->id.value); }
std::string port_of(const health::NodeOptions* node) { return node == nullptr ? "" : fmt::format("{}", node->port); }
std::string directory_of(const health::NodeOptions* node) { return node == nullptr ? "" : node->data_directory; }

// Nothing for a letter that is no placeholder: dropped, as Pgpool does.
std::optional<std::string> value_of(char placeholder, const CommandNodes& nodes) {
  switch (placeholder) {
    case 'd': return id_of(nodes.subject);
    case 'h': return host_of(nodes.subject);
    case 'p': return port_of(nodes.subject);
    case 'D': return directory_of(nodes.subject);
    case 'm': return id_of(nodes.new_main);
    case 'H': return host_of(nodes.new_main);
    case 'r': return port_of(nodes.new_main);
    case 'R': return directory_of(nodes.new_main);
    case 'M': return id_of(nodes.old_main);
    case 'P': return id_of(nodes.old_primary);
    case 'N': return host_of(nodes.old_primary);
    case 'S': return port_of(nodes.old_primary);
    default: return std::nullopt;
  }
}

}  // namespace

std::string expand_command(std::string_view command, const CommandNodes& nodes) {
  std::string text;
  Quote place = Quote::none;
  for (std::size_t i = 0; i < command.size(); ++i) {
    const char c = command[i];
    const bool has_next = i + 1 < command.size();
    if (c == '%' && has_next) {
      const char letter = command[++i];
      if (letter == '%') text += '%';
      else if (const auto value = value_of(letter, nodes)) text += quote(*value, place);
      continue;
    }
    text += c;
    if (c == '\\' && place != Quote::single && has_next && command[i + 1] != '%') text += command[++i];
    else if (c == '\'' && place != Quote::twofold) place = place == Quote::single ? Quote::none : Quote::single;
    else if (c == '"' && place != Quote::single) place = place == Quote::twofold ? Quote::none : Quote::twofold;
  }
  return text;
}

}  // namespace howdah::failover
