#include "conf/pgbouncer_options.hpp"

#include <algorithm>
#include <array>
#include <span>

#include "conf/words.hpp"

namespace howdah {

using namespace conf;

namespace {

enum class TokenKind { word, quoted_word, text, symbol };

struct Token {
  TokenKind kind;
  std::string text;  // words in lower case; without quotes

  bool is(std::string_view wanted) const { return (kind == TokenKind::word || kind == TokenKind::symbol) && text == wanted; }
};
using Tokens = std::vector<Token>;

bool is_word_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || std::string_view("_.+-").find(c) != std::string_view::npos;
}

// Nothing: there is more in it than words, strings and , = ; ( ).
std::optional<Tokens> tokens_of(std::string_view sql) {
  Tokens out;
  for (std::size_t at = 0; at < sql.size();) {
    const char c = sql[at];
    if (is_blank(c) || c == '\n' || c == '\r') {
      ++at;
    } else if (c == '\'' || c == '"') {
      Token token{c == '"' ? TokenKind::quoted_word : TokenKind::text, {}};
      for (++at; at < sql.size() && (sql[at] != c || sql.substr(at + 1).starts_with(c)); ++at) {
        if (sql[at] == c) ++at;
        token.text += sql[at];
      }
      if (at++ == sql.size()) return std::nullopt;
      out.push_back(std::move(token));
    } else if (std::string_view(",=;()").find(c) != std::string_view::npos) {
      out.push_back({TokenKind::symbol, std::string(1, c)});
      ++at;
    } else if (is_word_char(c)) {
      const auto end = std::find_if_not(sql.begin() + static_cast<std::ptrdiff_t>(at), sql.end(), is_word_char) - sql.begin();
      const std::string_view word = sql.substr(at, static_cast<std::size_t>(end) - at);
      if (word.find("--") != std::string_view::npos) return std::nullopt;  // a comment
      out.push_back({TokenKind::word, lower_case(word)});
      at = static_cast<std::size_t>(end);
    } else {
      return std::nullopt;
    }
  }
  return out;
}

// Whose values are lists of names, so that a name with a comma in it must keep its quotes.
bool is_list_of_names(std::string_view setting) { return setting == "search_path" || setting == "temp_tablespaces"; }

std::string item_of(const Token& token, bool is_name) {
  const bool is_plain = std::all_of(token.text.begin(), token.text.end(), [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
  if (!is_name || token.kind == TokenKind::word || (is_plain && !token.text.empty())) return token.text;
  std::string out = "\"";
  for (const char c : token.text) out.append(c == '"' ? 2 : 1, c);
  return out + '"';
}

// "value, value"; nothing if it is something else.
std::optional<std::string> flattened(const std::string& setting, std::span<const Token> tokens) {
  std::string out;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const bool is_comma = tokens[i].is(",");
    if (is_comma != (i % 2 == 1) || (!is_comma && (tokens[i].kind == TokenKind::symbol || tokens[i].is("default")))) return std::nullopt;
    out += is_comma ? ", " : item_of(tokens[i], is_list_of_names(setting));
  }
  if (tokens.size() % 2 == 0) return std::nullopt;
  return out;
}

struct OtherForm {  // SET ... without TO
  std::string_view words;
  std::string_view setting;
};
constexpr std::array kOtherForms{OtherForm{"role", "role"}, OtherForm{"time zone", "timezone"}, OtherForm{"names", "client_encoding"},
                                 OtherForm{"schema", "search_path"}};

std::optional<Setting> set_of(std::span<const Token> tokens) {
  if (!tokens.empty() && tokens[0].is("session")) tokens = tokens.subspan(1);
  if (tokens.size() >= 3 && tokens[0].kind == TokenKind::word && (tokens[1].is("to") || tokens[1].is("="))) {
    auto value = flattened(tokens[0].text, tokens.subspan(2));
    return value ? std::optional(Setting{tokens[0].text, std::move(*value)}) : std::nullopt;
  }
  for (const OtherForm& form : kOtherForms) {
    const std::size_t words = form.words == "time zone" ? 2 : 1;
    if (tokens.size() != words + 1) continue;
    const std::string said = words == 2 ? tokens[0].text + " " + tokens[1].text : tokens[0].text;
    if (said != form.words || tokens[0].kind != TokenKind::word) continue;
    auto value = flattened(std::string(form.setting), tokens.subspan(words));
    return value ? std::optional(Setting{form.setting, std::move(*value)}) : std::nullopt;
  }
  return std::nullopt;
}

// ( 'name' , 'value' , false )
std::optional<Setting> set_config_of(std::span<const Token> tokens) {
  constexpr std::array<std::string_view, 7> kForm{"(", "", ",", "", ",", "false", ")"};
  if (tokens.size() != kForm.size()) return std::nullopt;
  for (std::size_t i = 0; i < kForm.size(); ++i)
    if (kForm[i].empty() ? tokens[i].kind != TokenKind::text : !tokens[i].is(kForm[i])) return std::nullopt;
  return Setting{lower_case(tokens[1].text), tokens[3].text};
}

std::optional<Setting> setting_of(std::span<const Token> statement) {
  if (statement[0].is("set")) return set_of(statement.subspan(1));
  const bool is_call = statement.size() > 1 && statement[0].is("select") &&
                       (statement[1].is("set_config") || statement[1].is("pg_catalog.set_config"));
  return is_call ? set_config_of(statement.subspan(2)) : std::nullopt;
}

}  // namespace

std::optional<std::vector<Setting>> settings_of_connect_query(std::string_view sql) {
  const auto tokens = tokens_of(sql);
  if (!tokens) return std::nullopt;
  std::vector<Setting> out;
  for (std::span<const Token> rest(*tokens); !rest.empty();) {
    const auto end = static_cast<std::size_t>(std::ranges::find_if(rest, [](const Token& t) { return t.is(";"); }) - rest.begin());
    if (end > 0) {
      auto setting = setting_of(rest.first(end));
      if (!setting) return std::nullopt;
      out.push_back(std::move(*setting));
    }
    rest = rest.subspan(std::min(end + 1, rest.size()));
  }
  return out;
}

std::string options_text(const std::vector<Setting>& settings) {
  std::string out;
  for (const auto& [name, value] : settings) {
    out.append(out.empty() ? "" : " ").append("-c ").append(name).append("=");
    for (const char c : value) {
      if (c == '\\' || c == '\n' || c == '\r' || is_blank(c)) out += '\\';
      out += c;
    }
  }
  return out;
}

}  // namespace howdah
