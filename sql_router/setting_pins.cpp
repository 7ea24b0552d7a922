#include "sql_router/setting_pins.hpp"

#include <algorithm>

namespace howdah {

namespace {

char lower_of(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// In these a backslash or a quote may be the second half of a character, so that a string may end elsewhere than the
// parser thinks. PostgreSQL's names and their aliases (manual, "Character Set Support").
bool is_unsafe_encoding(std::string name) {
  std::transform(name.begin(), name.end(), name.begin(), lower_of);
  for (const char* part : {"jis", "big5", "gbk", "uhc", "johab", "gb18030", "932", "936", "949", "950"})
    if (name.find(part) != std::string::npos) return true;
  return false;
}

}  // namespace

bool is_transaction_setting(std::string_view name) {
  return name == "transaction_read_only" || name == "transaction_isolation" || name == "transaction_deferrable";
}

std::optional<PinReason> pin_of_setting(std::string_view name, const std::optional<std::string>& value) {
  if (name == "seed") return PinReason::seed;
  if (!value) return std::nullopt;
  if (name == "session_authorization") return PinReason::session_authorization;
  if (name == "client_encoding" && is_unsafe_encoding(*value)) return PinReason::setting;
  if (name != "standard_conforming_strings") return std::nullopt;
  std::string plain = *value;
  std::transform(plain.begin(), plain.end(), plain.begin(), lower_of);
  for (const char* on : {"on", "true", "yes", "1"})
    if (plain == on) return std::nullopt;
  return PinReason::setting;
}

}  // namespace howdah
