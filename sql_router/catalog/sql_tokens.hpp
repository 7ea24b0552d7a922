// SQL text in tokens, as far as telling names, strings and comments apart needs it (PostgreSQL manual, section 4.1).
// standard_conforming_strings is taken to be on. Never fails: what is left open ends with the text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace howdah {

enum class TokenKind : std::uint8_t { word, quoted_name, string, number, symbol };

struct Token {
  TokenKind kind;
  std::string text;  // words in lower case; names and strings without their quotes; symbols of one character, or := << >>

  bool is_word(std::string_view word) const { return kind == TokenKind::word && text == word; }
  bool is_symbol(std::string_view symbol) const { return kind == TokenKind::symbol && text == symbol; }
  bool is_name() const { return kind == TokenKind::word || kind == TokenKind::quoted_name; }
};

std::vector<Token> tokens_of(std::string_view text);

// The text with blanks in the place of its comments: as long as before. Nothing if it has none, or if it is not plain where
// they begin and end (backslashes, a comment left open).
std::optional<std::string> without_comments(std::string_view text);

}  // namespace howdah
