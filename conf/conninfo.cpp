#include "conf/conninfo.hpp"

#include <fmt/format.h>

#include <charconv>
#include <utility>
#include <vector>

namespace howdah {

namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v'; }

void skip_spaces(std::string_view& text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
}

// A value: quoted or bare; a backslash protects the next character in both.
std::optional<std::string> take_value(std::string_view& text) {
  std::string value;
  const bool is_quoted = !text.empty() && text.front() == '\'';
  if (is_quoted) text.remove_prefix(1);
  while (!text.empty()) {
    const char c = text.front();
    if (is_quoted ? c == '\'' : is_space(c)) break;
    if (c == '\\' && text.size() > 1) text.remove_prefix(1);
    value.push_back(text.front());
    text.remove_prefix(1);
  }
  if (!is_quoted) return value;
  if (text.empty()) return std::nullopt;  // no closing quote
  text.remove_prefix(1);
  return value;
}

std::optional<Pairs> parse(std::string_view text) {
  Pairs pairs;
  for (skip_spaces(text); !text.empty(); skip_spaces(text)) {
    std::string key;
    while (!text.empty() && text.front() != '=' && !is_space(text.front())) {
      key.push_back(text.front());
      text.remove_prefix(1);
    }
    skip_spaces(text);
    if (key.empty() || text.empty() || text.front() != '=') return std::nullopt;
    text.remove_prefix(1);
    skip_spaces(text);
    auto value = take_value(text);
    if (!value) return std::nullopt;
    pairs.emplace_back(std::move(key), std::move(*value));
  }
  return pairs;
}

std::string quote(std::string_view value) {
  std::string text = "'";
  for (const char c : value) {
    if (c == '\'' || c == '\\') text.push_back('\\');
    text.push_back(c);
  }
  return text + "'";
}

}  // namespace

std::optional<Source> source_of(std::string_view conninfo) {
  const auto pairs = parse(conninfo);
  if (!pairs) return std::nullopt;
  Source source;
  std::string address;
  for (const auto& [key, value] : *pairs) {  // of repeated keywords the last counts, as in libpq
    if (key == "host") source.host = value;
    if (key == "hostaddr") address = value;
    if (key == "port") std::from_chars(value.data(), value.data() + value.size(), source.port);
  }
  if (source.host.empty()) source.host = address;
  return source;
}

std::optional<std::string> with_source(std::string_view conninfo, std::string_view host, int port) {
  const auto pairs = parse(conninfo);
  if (!pairs) return std::nullopt;
  std::string text = fmt::format("host={} port={}", quote(host), port);
  for (const auto& [key, value] : *pairs)
    if (key != "host" && key != "hostaddr" && key != "port") text += fmt::format(" {}={}", key, quote(value));
  return text;
}

std::optional<SplitConninfo> split_password(std::string_view conninfo) {
  const auto pairs = parse(conninfo);
  if (!pairs) return std::nullopt;
  SplitConninfo split;
  for (const auto& [key, value] : *pairs) {
    if (key == "password") split.password = value;
    else split.conninfo += fmt::format("{}{}={}", split.conninfo.empty() ? "" : " ", key, quote(value));
  }
  return split;
}

}  // namespace howdah
