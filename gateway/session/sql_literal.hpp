// Of SQL texts: literals, and positions in them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace howdah {

// E'' so that the meaning does not hang on standard_conforming_strings.
inline void append_literal(std::string& out, std::string_view text) {
  out += "E'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out.push_back(c);
    out.push_back(c);
  }
  out.push_back('\'');
}

// As PostgreSQL counts positions (manual, "Error and Notice Message Fields"), in UTF-8.
inline std::size_t characters_in(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

}  // namespace howdah
