// A text as an SQL literal. E'' so that the meaning does not hang on standard_conforming_strings.
#pragma once

#include <string>
#include <string_view>

namespace howdah {

inline void append_literal(std::string& out, std::string_view text) {
  out += "E'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out.push_back(c);
    out.push_back(c);
  }
  out.push_back('\'');
}

}  // namespace howdah
