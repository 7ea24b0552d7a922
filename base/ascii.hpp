// ASCII as SQL, configuration files and their words need it: no locale, no bytes of multibyte characters.
#pragma once

#include <algorithm>
#include <string_view>

namespace howdah {

inline constexpr std::string_view kBlanks = " \t\n\r\f\v";

constexpr bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

constexpr bool is_same(std::string_view text, std::string_view lower_case) {  // but for case
  return text.size() == lower_case.size() &&
         std::equal(text.begin(), text.end(), lower_case.begin(), [](char a, char b) { return lower(a) == b; });
}

constexpr std::string_view trimmed(std::string_view text) {  // without the blanks at both ends
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace howdah
