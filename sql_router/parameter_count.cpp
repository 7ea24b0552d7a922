#include "sql_router/parameter_count.hpp"

#include <algorithm>
#include <cctype>

#include "base/ascii.hpp"

namespace howdah {

namespace {

constexpr std::size_t kMost = 65535;  // the protocol counts them in 16 bits

bool is_name(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || static_cast<unsigned char>(c) >= 0x80; }

// The end of what begins at `at` and runs to `end`, which it includes.
std::size_t after(std::string_view text, std::size_t at, std::string_view end) {
  const std::size_t found = text.find(end, at);
  return found == std::string_view::npos ? text.size() : found + end.size();
}

// Past a string, a quoted name, a comment or a dollar quote; `at` itself if none begins there.
std::size_t skipped(std::string_view text, std::size_t at) {
  const std::string_view rest = text.substr(at);
  if (rest.starts_with('\'')) return after(text, at + 1, "'");
  if (rest.starts_with('"')) return after(text, at + 1, "\"");
  if (rest.starts_with("--")) return after(text, at, "\n");
  if (rest.starts_with("/*")) return after(text, at + 2, "*/");
  if (!rest.starts_with('$') || (rest.size() > 1 && is_digit(rest[1]))) return at;
  std::size_t end = 1;
  while (end < rest.size() && is_name(rest[end])) ++end;
  if (end == rest.size() || rest[end] != '$') return at;
  return after(text, at + end + 1, rest.substr(0, end + 1));
}

}  // namespace

std::size_t parameter_count(std::string_view text) {
  std::size_t most = 0;
  for (std::size_t at = 0; at < text.size();) {
    if (const std::size_t next = skipped(text, at); next != at) {
      at = next;
      continue;
    }
    const bool begins = text[at] == '$' && (at == 0 || !is_name(text[at - 1]));
    ++at;
    if (!begins) continue;
    std::size_t number = 0;
    while (at < text.size() && is_digit(text[at]) && number <= kMost) number = number * 10 + static_cast<std::size_t>(text[at++] - '0');
    if (number <= kMost) most = std::max(most, number);
  }
  return most;
}

}  // namespace howdah
