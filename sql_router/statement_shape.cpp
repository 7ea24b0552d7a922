#include "sql_router/statement_shape.hpp"

#include <array>
#include <cstdint>
#include <limits>

namespace howdah {

namespace {

// What stands for a literal; as `forbidden` bytes they stand for nothing else.
constexpr char kWholeNumber = '\x01';
constexpr char kOtherNumber = '\x02';
constexpr char kString = '\x03';

enum class ByteKind : std::uint8_t {
  plain,
  letter,
  digit,
  quote,
  double_quote,
  dollar,
  dot,
  minus,
  slash,
  forbidden,
};

constexpr std::array<ByteKind, 256> kKinds = [] {
  using enum ByteKind;
  std::array<ByteKind, 256> kinds{};
  for (int c = 0; c < 0x20; ++c) kinds[c] = forbidden;
  for (const char c : {'\t', '\n', '\r', '\f'}) kinds[c] = plain;
  for (int c = 'a'; c <= 'z'; ++c) kinds[c] = kinds[c - 'a' + 'A'] = letter;
  for (int c = 0x80; c <= 0xff; ++c) kinds[c] = letter;
  kinds['_'] = letter;
  for (int c = '0'; c <= '9'; ++c) kinds[c] = digit;
  kinds['\''] = quote;
  kinds['"'] = double_quote;
  kinds['$'] = dollar;
  kinds['.'] = dot;
  kinds['-'] = minus;
  kinds['/'] = slash;
  return kinds;
}();

constexpr std::array<bool, 256> kIsInsideWord = [] {
  std::array<bool, 256> inside{};
  for (std::size_t c = 0; c < inside.size(); ++c)
    inside[c] = kKinds[c] == ByteKind::letter || kKinds[c] == ByteKind::digit || kKinds[c] == ByteKind::dollar;
  return inside;
}();

// Takes the text token by token. Each step ends behind what it took, or says that there is no shape.
class ShapeWriter {
 public:
  // `out` has room for the whole text: no step writes more than it takes.
  ShapeWriter(std::string_view text, char* out) : begin_(text.data()), at_(begin_), end_(begin_ + text.size()), out_(out) {}

  bool run() {
    while (at_ != end_)
      if (!step()) return false;
    return has_literal_;
  }

  const char* end() const { return out_; }

 private:
  static ByteKind kind_of(char c) { return kKinds[static_cast<unsigned char>(c)]; }

  std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }
  // NUL behind the end, which is as forbidden inside.
  char peek(std::size_t ahead) const { return ahead < left() ? at_[ahead] : '\0'; }
  ByteKind peek_kind(std::size_t ahead) const { return kind_of(peek(ahead)); }
  bool follows_ampersand() const { return at_ != begin_ && at_[-1] == '&'; }
  bool follows_word() const { return at_ != begin_ && kIsInsideWord[static_cast<unsigned char>(at_[-1])]; }

  void keep() { *out_++ = *at_++; }
  void skip_digits() {
    while (at_ != end_ && kind_of(*at_) == ByteKind::digit) ++at_;
  }
  bool put(char marker) {
    *out_++ = marker;
    return has_literal_ = true;
  }

  bool step() {
    switch (kind_of(*at_)) {
      case ByteKind::plain:
      case ByteKind::letter: return keep_words();
      case ByteKind::digit: return take_number();
      case ByteKind::quote: return take_string();
      case ByteKind::double_quote: return keep_quoted_name();
      case ByteKind::dollar: return keep_parameter();
      case ByteKind::dot:
        if (peek(1) == '.') return false;
        if (peek_kind(1) == ByteKind::digit) return take_number();
        keep();
        return true;
      case ByteKind::minus:
        if (peek(1) == '-') return keep_line_comment();
        keep();
        return true;
      case ByteKind::slash:
        if (peek(1) == '*') return keep_block_comment();
        keep();
        return true;
      case ByteKind::forbidden: return false;
    }
    return false;
  }

  // Most of a text. The pointers are locals because a store through `out_` might change a member, for all the compiler
  // knows: it would read them again for every byte.
  bool keep_words() {
    const char* at = at_;
    const char* const end = end_;
    char* out = out_;
    for (; at != end; *out++ = *at++) {
      const ByteKind kind = kind_of(*at);
      if (kind == ByteKind::plain) continue;
      if (kind != ByteKind::letter) break;
      while (at + 1 != end && kIsInsideWord[static_cast<unsigned char>(at[1])]) *out++ = *at++;
    }
    at_ = at;
    out_ = out;
    return true;
  }

  bool keep_parameter() {
    if (peek_kind(1) != ByteKind::digit) return false;  // a dollar quote
    do keep();
    while (at_ != end_ && kind_of(*at_) == ByteKind::digit);
    return true;
  }

  bool keep_quoted_name() {
    if (follows_ampersand()) return false;
    do {
      if (kind_of(*at_) == ByteKind::forbidden) return false;
      keep();
    } while (at_ != end_ && *at_ != '"');
    if (at_ == end_) return false;
    keep();
    return true;  // of a doubled quote inside, the second half is taken for the next name: no difference
  }

  bool keep_line_comment() {
    while (at_ != end_ && *at_ != '\n' && *at_ != '\r') {
      if (kind_of(*at_) == ByteKind::forbidden) return false;
      keep();
    }
    return true;
  }

  bool keep_block_comment() {
    int depth = 0;
    do {
      const bool opens = peek(0) == '/' && peek(1) == '*';
      const bool closes = peek(0) == '*' && peek(1) == '/';
      if (peek_kind(0) == ByteKind::forbidden) return false;
      keep();
      if (opens || closes) keep();
      depth += opens ? 1 : closes ? -1 : 0;
    } while (depth > 0);
    return true;
  }

  bool take_string() {
    if (follows_word() || follows_ampersand()) return false;
    for (++at_; at_ != end_; ++at_) {
      if (*at_ == '\\' || *at_ == '\0') return false;
      if (*at_ != '\'') continue;
      if (peek(1) != '\'') {
        ++at_;
        return put(kString);
      }
      ++at_;
    }
    return false;
  }

  bool take_number() {
    constexpr std::uint64_t kMaxWhole = std::numeric_limits<std::int32_t>::max();
    std::uint64_t value = 0;
    for (; at_ != end_ && kind_of(*at_) == ByteKind::digit; ++at_)
      if (value <= kMaxWhole) value = value * 10 + static_cast<std::uint64_t>(*at_ - '0');
    bool is_whole = value <= kMaxWhole;
    if (peek(0) == '.') {
      is_whole = false;
      ++at_;
      skip_digits();
    }
    if (peek(0) == 'e' || peek(0) == 'E') {
      const std::size_t exponent = peek(1) == '+' || peek(1) == '-' ? 2 : 1;
      if (peek_kind(exponent) != ByteKind::digit) return false;
      is_whole = false;
      at_ += exponent;
      skip_digits();
    }
    const ByteKind next = peek_kind(0);
    if (next == ByteKind::letter || next == ByteKind::dot || next == ByteKind::dollar) return false;
    return put(is_whole ? kWholeNumber : kOtherNumber);
  }

  const char* begin_;
  const char* at_;
  const char* end_;
  char* out_;
  bool has_literal_ = false;
};

}  // namespace

std::optional<std::string_view> shape_of(std::string_view text, std::string& buffer) {
  if (text.size() > kMaxShapedText) return std::nullopt;
  if (buffer.size() < text.size()) buffer.resize(text.size());
  ShapeWriter writer(text, buffer.data());
  if (!writer.run()) return std::nullopt;
  return std::string_view(buffer.data(), static_cast<std::size_t>(writer.end() - buffer.data()));
}

}  // namespace howdah
