#include "sql_router/database_to_free.hpp"

#include <algorithm>
#include <span>
#include <vector>

#include "sql_router/catalog/sql_tokens.hpp"

namespace howdah {

namespace {

using Tokens = std::span<const Token>;

bool begins_with(Tokens tokens, std::initializer_list<std::string_view> words) {
  return tokens.size() >= words.size() &&
         std::equal(words.begin(), words.end(), tokens.begin(), [](std::string_view word, const Token& token) { return token.is_word(word); });
}

std::optional<std::string> name_at(Tokens tokens, std::size_t at) {
  return at < tokens.size() && tokens[at].is_name() ? std::optional(tokens[at].text) : std::nullopt;
}

// template1 where none is named.
std::optional<std::string> template_of(Tokens tokens) {
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (!tokens[i].is_word("template")) continue;
    const bool has_sign = i + 1 < tokens.size() && tokens[i + 1].is_symbol("=");
    return name_at(tokens, i + (has_sign ? 2 : 1));
  }
  return "template1";
}

}  // namespace

std::optional<std::string> database_to_free(std::string_view sql) {
  constexpr std::size_t kLongest = 4096;
  if (sql.size() > kLongest) return std::nullopt;
  const std::vector<Token> all = tokens_of(sql);
  const Tokens tokens(all);
  if (begins_with(tokens, {"drop", "database", "if", "exists"})) return name_at(tokens, 4);
  if (begins_with(tokens, {"drop", "database"})) return name_at(tokens, 2);
  if (begins_with(tokens, {"create", "database"})) return template_of(tokens.subspan(std::min<std::size_t>(3, tokens.size())));
  const bool is_rename = begins_with(tokens, {"alter", "database"}) && tokens.size() > 3 && tokens[3].is_word("rename");
  return is_rename ? name_at(tokens, 2) : std::nullopt;
}

}  // namespace howdah
