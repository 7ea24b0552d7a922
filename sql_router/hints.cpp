#include "sql_router/hints.hpp"

#include <algorithm>
#include <cctype>

#include "base/ascii.hpp"

namespace howdah {

namespace {

constexpr std::string_view kSeparators = " \t\n\r\f\v,";
constexpr std::string_view kMark = "howdah:";

void read_one(std::string_view word, Hints& hints) {
  const auto equals = word.find('=');
  const std::string_view name = word.substr(0, equals);
  const auto value = equals == std::string_view::npos ? std::nullopt : read_consistency_named(word.substr(equals + 1));
  if (is_same(name, "read_consistency") && value) {
    hints.read_consistency = value;
  } else if (hints.unreadable.empty()) {
    hints.unreadable = word;
  }
}

void read_comment(std::string_view inside, Hints& hints) {
  std::string_view rest = trimmed(inside);
  if (!is_same(rest.substr(0, kMark.size()), kMark)) return;
  rest.remove_prefix(kMark.size());
  for (;;) {
    const auto begin = rest.find_first_not_of(kSeparators);
    if (begin == std::string_view::npos) return;
    const auto end = std::min(rest.find_first_of(kSeparators, begin), rest.size());
    read_one(rest.substr(begin, end - begin), hints);
    rest.remove_prefix(end);
  }
}

// Where a block comment that begins the text ends, 0 if it does not; PostgreSQL's nest (manual, section 4.1.5).
std::size_t comment_end(std::string_view text) {
  int depth = 0;
  std::size_t at = 0;
  while (at + 1 < text.size()) {
    const std::string_view two = text.substr(at, 2);
    if (two == "/*") {
      ++depth;
      at += 2;
    } else if (two == "*/") {
      at += 2;
      if (--depth == 0) return at;
    } else {
      ++at;
    }
  }
  return 0;
}

}  // namespace

Hints read_hints(std::string_view text) {
  Hints hints;
  for (;;) {
    text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
    if (text.starts_with("--")) {
      text.remove_prefix(std::min(text.find_first_of("\r\n"), text.size()));
    } else if (text.starts_with("/*")) {
      const std::size_t end = comment_end(text);
      if (end == 0) return hints;
      read_comment(text.substr(2, end - 4), hints);
      text.remove_prefix(end);
    } else {
      return hints;
    }
  }
}

std::optional<ReadConsistency> read_consistency_named(std::string_view name) {
  for (const auto& row : names_of(ReadConsistency{}))
    if (is_same(name, row.name)) return row.value;
  return std::nullopt;
}

}  // namespace howdah
