#include "sql_router/catalog/sql_tokens.hpp"

#include <algorithm>
#include <utility>

#include "base/ascii.hpp"

namespace howdah {

namespace {

bool is_word_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}
bool is_name_char(char c) { return is_word_start(c) || is_digit(c) || c == '$'; }

class Tokenizer {
 public:
  explicit Tokenizer(std::string_view text) : text_(text) {}

  std::vector<Token> run() {
    while (at_ < text_.size()) step();
    return std::move(tokens_);
  }

  struct Comment {
    std::size_t begin;
    std::size_t end;
    bool is_closed = true;
  };
  const std::vector<Comment>& comments() const { return comments_; }

 private:
  char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }

  void step() {
    const char c = peek();
    if (c == '-' && peek(1) == '-') return skip_line();
    if (c == '/' && peek(1) == '*') return skip_comment();
    if (c == '\'') return take_quoted('\'', TokenKind::string, false);
    if (c == '"') return take_quoted('"', TokenKind::quoted_name, false);
    if (c == '$' && take_dollar_string()) return;
    if (is_word_start(c)) return take_word();
    if (is_digit(c)) return take_number();
    if (static_cast<unsigned char>(c) <= ' ') {
      ++at_;
      return;
    }
    take_symbol();
  }

  void skip_line() {
    const std::size_t begin = std::exchange(at_, std::min(text_.find_first_of("\n\r", at_), text_.size()));
    comments_.push_back({begin, at_});
  }

  void skip_comment() {
    const std::size_t begin = at_;
    std::size_t depth = 0;
    do {
      if (peek() == '/' && peek(1) == '*') ++depth, at_ += 2;
      else if (peek() == '*' && peek(1) == '/') --depth, at_ += 2;
      else ++at_;
    } while (depth > 0 && at_ < text_.size());
    comments_.push_back({begin, std::min(at_, text_.size()), depth == 0});
  }

  void take_quoted(char quote, TokenKind kind, bool has_escapes) {
    std::string value;
    for (++at_; at_ < text_.size(); ++at_) {
      if (has_escapes && peek() == '\\' && at_ + 1 < text_.size()) {
        value += text_[at_++];
      } else if (peek() == quote) {
        if (peek(1) != quote) break;
        ++at_;
      }
      value += text_[at_];
    }
    at_ = std::min(at_ + 1, text_.size());
    tokens_.push_back({kind, std::move(value)});
  }

  // False: it is no dollar quote (but `$1`, say).
  bool take_dollar_string() {
    std::size_t end = at_ + 1;
    if (end < text_.size() && is_word_start(text_[end]))
      while (end < text_.size() && is_name_char(text_[end]) && text_[end] != '$') ++end;
    if (end >= text_.size() || text_[end] != '$') return false;
    const std::string_view tag = text_.substr(at_, end + 1 - at_);
    const std::size_t begin = at_ + tag.size();
    const std::size_t close = std::min(text_.find(tag, begin), text_.size());
    tokens_.push_back({TokenKind::string, std::string(text_.substr(begin, close - begin))});
    at_ = std::min(close + tag.size(), text_.size());
    return true;
  }

  void take_word() {
    const char first = lower(peek());
    if (peek(1) == '\'' && (first == 'e' || first == 'b' || first == 'x' || first == 'n')) {
      ++at_;
      return take_quoted('\'', TokenKind::string, first == 'e');
    }
    if (first == 'u' && peek(1) == '&' && (peek(2) == '\'' || peek(2) == '"')) {
      at_ += 2;
      return peek() == '"' ? take_quoted('"', TokenKind::quoted_name, false) : take_quoted('\'', TokenKind::string, false);
    }
    std::string word;
    for (; at_ < text_.size() && is_name_char(peek()); ++at_) word += lower(peek());
    tokens_.push_back({TokenKind::word, std::move(word)});
  }

  // A range may follow: 1..10.
  void take_number() {
    const std::size_t begin = at_;
    while (is_name_char(peek()) || (peek() == '.' && peek(1) != '.')) ++at_;
    tokens_.push_back({TokenKind::number, std::string(text_.substr(begin, at_ - begin))});
  }

  void take_symbol() {
    const std::string_view two = text_.substr(at_, 2);
    const std::size_t size = two == ":=" || two == "<<" || two == ">>" || two == "::" || two == ".." ? 2 : 1;
    tokens_.push_back({TokenKind::symbol, std::string(text_.substr(at_, size))});
    at_ += size;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<Token> tokens_;
  std::vector<Comment> comments_;
};

}  // namespace

std::vector<Token> tokens_of(std::string_view text) { return Tokenizer(text).run(); }

std::optional<std::string> without_comments(std::string_view text) {
  const bool may_have_some = text.find("--") != std::string_view::npos || text.find("/*") != std::string_view::npos;
  if (!may_have_some || text.find('\\') != std::string_view::npos) return std::nullopt;
  Tokenizer tokenizer(text);
  tokenizer.run();
  if (tokenizer.comments().empty()) return std::nullopt;
  std::string plain(text);
  for (const auto& comment : tokenizer.comments()) {
    if (!comment.is_closed) return std::nullopt;
    plain.replace(comment.begin, comment.end - comment.begin, comment.end - comment.begin, ' ');
  }
  return plain;
}

}  // namespace howdah
