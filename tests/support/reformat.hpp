// The same SQL in other clothes: other blanks, comments between the words, keywords and names in capitals. What it means
// stays the same, so what is found out about it must, too. For the classifier's tests and its fuzzer.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace howdah::test {

class Reformatter {
 public:
  // `comment` is put beside every blank that is no line break (empty: none); with a line break, a line comment could be
  // ended or a string continued, so there only blanks are added.
  Reformatter(std::string_view sql, std::string_view comment, bool in_capitals)
      : sql_(sql), comment_(comment), in_capitals_(in_capitals) {}

  // Nothing if the text is left open (a quote, a comment), or if where its strings end takes more than a look: backslashes.
  std::optional<std::string> run() {
    if (sql_.find_first_of(std::string_view("\\\0", 2)) != std::string_view::npos) return std::nullopt;
    while (at_ < sql_.size() && is_clear_) step();
    return is_clear_ ? std::optional(std::move(out_)) : std::nullopt;
  }

 private:
  static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f'; }
  static bool is_digit(char c) { return c >= '0' && c <= '9'; }
  static bool is_word_start(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
  }

  void step() {
    const char c = sql_[at_];
    if (is_blank(c)) return change_blanks();
    if (sql_.substr(at_).starts_with("--")) return keep_until(std::min(sql_.find_first_of("\n\r", at_), sql_.size()));
    if (sql_.substr(at_).starts_with("/*")) return keep_comment();
    if (c == '\'' || c == '"') return keep_past(sql_.find(c, at_ + 1), 1);
    if (is_word_start(c)) return change_word();
    if (c == '$') return keep_dollar();
    out_ += c;
    ++at_;
  }

  void change_blanks() {
    std::size_t end = at_;
    bool has_break = false;
    for (; end < sql_.size() && is_blank(sql_[end]); ++end) has_break |= sql_[end] == '\n' || sql_[end] == '\r';
    out_ += has_break ? "\n" : " ";
    if (!has_break && at_ > 0) out_ += comment_;  // the first comment of a text may mean something
    out_ += " \t";
    at_ = end;
  }

  void keep_until(std::size_t end) {
    out_ += sql_.substr(at_, end - at_);
    at_ = end;
  }

  void keep_past(std::size_t close, std::size_t size) {
    is_clear_ = close != std::string_view::npos;
    if (is_clear_) keep_until(close + size);
  }

  void keep_comment() {
    std::size_t end = at_;
    int depth = 0;
    do {
      const std::string_view two = sql_.substr(end, 2);
      depth += two == "/*" ? 1 : two == "*/" ? -1 : 0;
      end += two == "/*" || two == "*/" ? 2 : 1;
    } while (depth > 0 && end < sql_.size());
    is_clear_ = depth == 0;
    keep_until(std::min(end, sql_.size()));
  }

  void change_word() {
    for (; at_ < sql_.size() && (is_word_start(sql_[at_]) || is_digit(sql_[at_]) || sql_[at_] == '$'); ++at_) {
      const char c = sql_[at_];
      out_ += in_capitals_ && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    }
  }

  // $tag$ ... $tag$, or a parameter.
  void keep_dollar() {
    std::size_t end = at_ + 1;
    if (end < sql_.size() && is_word_start(sql_[end]))
      while (end < sql_.size() && (is_word_start(sql_[end]) || is_digit(sql_[end]))) ++end;
    if (end >= sql_.size() || sql_[end] != '$') return keep_until(at_ + 1);
    const std::string_view tag = sql_.substr(at_, end + 1 - at_);
    keep_past(sql_.find(tag, end + 1), tag.size());
  }

  std::string_view sql_;
  std::string_view comment_;
  bool in_capitals_;
  std::size_t at_ = 0;
  bool is_clear_ = true;
  std::string out_;
};

}  // namespace howdah::test
