#include "sql_router/gateway_commands.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "base/ascii.hpp"
#include "sql_router/pg_query_tree.hpp"

namespace howdah {

namespace {

// A table, because every new text is asked for its first word.
constexpr std::array<bool, 256> kIsWordChar = [] {
  std::array<bool, 256> table{};
  for (std::size_t c = 0; c < table.size(); ++c) {
    const char letter = lower(static_cast<char>(c));
    table[c] = (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || letter == '_' || letter == '.' ||
               letter == '$' || c >= 0x80;
  }
  return table;
}();

bool is_word_char(char c) { return kIsWordChar[static_cast<unsigned char>(c)]; }

std::string lowered(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), lower);
  return result;
}

// Reads a text word by word, as far as these commands need.
class Words {
 public:
  explicit Words(std::string_view text) : text_(text) {}

  std::size_t position() const { return at_; }
  bool is_at_end() const { return at_ == text_.size(); }

  void skip_blanks_and_comments() {
    while (at_ < text_.size()) {
      if (kBlanks.find(text_[at_]) != std::string_view::npos) {
        ++at_;
      } else if (text_.substr(at_).starts_with("--")) {
        at_ = std::min(text_.find_first_of("\r\n", at_), text_.size());  // PostgreSQL ends it at either
      } else if (text_.substr(at_).starts_with("/*")) {
        skip_block_comment();
      } else {
        return;
      }
    }
  }

  void skip_blanks() { at_ = std::min(text_.find_first_not_of(kBlanks, at_), text_.size()); }

  // The next run of word characters; empty if something else stands there.
  std::string_view word() {
    skip_blanks_and_comments();
    const std::size_t begin = at_;
    while (at_ < text_.size() && is_word_char(text_[at_])) ++at_;
    return text_.substr(begin, at_ - begin);
  }

  bool is_before(char c) {
    skip_blanks_and_comments();
    return at_ < text_.size() && text_[at_] == c;
  }

  bool take(char c) {
    if (!is_before(c)) return false;
    ++at_;
    return true;
  }

  bool is_quoted_next() {
    skip_blanks_and_comments();
    return at_ < text_.size() && text_[at_] == '\'';
  }

  // A quoted string (quotes doubled inside) or a word with a sign or without.
  std::optional<std::string> value() {
    if (take('\'')) return quoted();
    const std::string sign = take('-') ? "-" : "";
    const std::string_view plain = word();
    if (plain.empty()) return std::nullopt;
    return sign + std::string(plain);
  }

  // The end of the command: where the rest of the text begins.
  std::optional<std::size_t> end() {
    if (take(';')) {
      skip_blanks_and_comments();
      return at_;
    }
    if (is_at_end()) return at_;
    return std::nullopt;
  }

 private:
  // PostgreSQL's block comments nest (manual, section 4.1.5).
  void skip_block_comment() {
    int depth = 0;
    do {
      const std::string_view rest = text_.substr(at_);
      if (rest.starts_with("/*")) {
        ++depth;
        at_ += 2;
      } else if (rest.starts_with("*/")) {
        --depth;
        at_ += 2;
      } else {
        ++at_;
      }
    } while (depth > 0 && at_ < text_.size());
  }

  std::optional<std::string> quoted() {
    std::string result;
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c != '\'') {
        result.push_back(c);
      } else if (at_ < text_.size() && text_[at_] == '\'') {
        result.push_back(text_[at_++]);
      } else {
        return result;
      }
    }
    return std::nullopt;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

GatewayCommand finished(GatewayCommand command, Words& words) {
  const auto end = words.end();
  if (!end) return {};
  command.rest_begin = *end;
  return command;
}

constexpr std::string_view kOwnPrefix = "howdah.";

GatewayCommand show(Words& words) {
  constexpr std::string_view kPrefix = "pool_";
  const std::string name = lowered(words.word());
  if (name.starts_with(kOwnPrefix))
    return finished({.kind = GatewayCommandKind::own_show, .name = name.substr(kOwnPrefix.size())}, words);
  if (!name.starts_with(kPrefix)) return {};
  return finished({.kind = GatewayCommandKind::show_pool, .name = name.substr(kPrefix.size())}, words);
}

// SET [SESSION | LOCAL] howdah.<name> { = | TO } { value | DEFAULT }
GatewayCommand set_own(Words& words) {
  std::string name = lowered(words.word());
  GatewayCommand command{.kind = GatewayCommandKind::own_set, .is_local = name == "local"};
  if (name == "local" || name == "session") name = lowered(words.word());
  if (!name.starts_with(kOwnPrefix)) return {};
  command.name = name.substr(kOwnPrefix.size());
  if (!words.take('=') && !is_same(words.word(), "to")) return {};
  const bool is_quoted = words.is_quoted_next();
  const auto value = words.value();
  if (!value) return {};
  if (!is_quoted && is_same(*value, "default")) {
    command.kind = GatewayCommandKind::own_reset;
  } else {
    command.value = *value;
  }
  return finished(std::move(command), words);
}

GatewayCommand reset_own(Words& words) {
  const std::string name = lowered(words.word());
  if (!name.starts_with(kOwnPrefix)) return {};
  return finished({.kind = GatewayCommandKind::own_reset, .name = name.substr(kOwnPrefix.size())}, words);
}

GatewayCommand pgpool_command(Words& words) {
  const std::string_view verb = words.word();
  const auto name = words.value();
  if (!name) return {};
  GatewayCommand command{.name = lowered(*name)};
  if (is_same(verb, "show")) {
    command.kind = GatewayCommandKind::pgpool_show;
  } else if (is_same(verb, "reset")) {
    command.kind = GatewayCommandKind::pgpool_reset;
  } else if (is_same(verb, "set")) {
    command.kind = GatewayCommandKind::pgpool_set;
    if (!words.take('=') && !is_same(words.word(), "to")) return {};
    const bool is_quoted = words.is_before('\'');
    const auto value = words.value();
    if (!value) return {};
    command.value = *value;
    command.is_default = !is_quoted && is_same(*value, "default");
  } else {
    return {};
  }
  return finished(std::move(command), words);
}

GatewayCommand explain_route(Words& words, std::string_view text) {
  if (!is_same(words.word(), "route")) return {};
  words.skip_blanks();  // comments before the statement may be hints
  GatewayCommand command{.kind = GatewayCommandKind::explain_route, .inner_begin = words.position()};
  const std::string inner(text.substr(command.inner_begin));
  // Where the first of several statements ends only the parser knows; what does not parse is one statement.
  const std::size_t length = first_statement_end(inner.c_str()).value_or(inner.size());
  command.inner_end = std::min(command.inner_begin + length, text.size());
  command.rest_begin = std::min(command.inner_end + 1, text.size());
  Words rest(text.substr(command.rest_begin));
  rest.skip_blanks_and_comments();
  command.rest_begin += rest.position();
  return command;
}

}  // namespace

GatewayCommand recognise_gateway_command(std::string_view text) {
  Words words(text);
  const std::string_view verb = words.word();
  if (is_same(verb, "show")) return show(words);
  if (is_same(verb, "set")) return set_own(words);
  if (is_same(verb, "reset")) return reset_own(words);
  if (is_same(verb, "pgpool")) return pgpool_command(words);
  if (is_same(verb, "explain")) return explain_route(words, text);
  return {};
}

bool begins_with_no_load_balance(std::string_view text) {
  constexpr std::string_view kComment = "/*no load balance*/";
  const std::size_t begin = std::min(text.find_first_not_of(kBlanks), text.size());
  return is_same(text.substr(begin, kComment.size()), kComment);
}

}  // namespace howdah
