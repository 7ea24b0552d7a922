#include "sql_router/json_line.hpp"

#include <algorithm>
#include <charconv>

#include "base/ascii.hpp"

namespace howdah {

namespace {

void append_utf8(std::string& out, unsigned code) {
  if (code < 0x80) {
    out.push_back(static_cast<char>(code));
  } else if (code < 0x800) {
    out.push_back(static_cast<char>(0xC0 | code >> 6));
    out.push_back(static_cast<char>(0x80 | (code & 0x3F)));
  } else {
    out.push_back(static_cast<char>(0xE0 | code >> 12));
    out.push_back(static_cast<char>(0x80 | (code >> 6 & 0x3F)));
    out.push_back(static_cast<char>(0x80 | (code & 0x3F)));
  }
}

// Takes the line apart from its front. What is not as expected ends it: everything is "not there" from then on.
class JsonLine {
 public:
  explicit JsonLine(std::string_view text) : left_(text) {}

  bool take(char c) {
    left_.remove_prefix(std::min(left_.find_first_not_of(kBlanks), left_.size()));
    if (!left_.starts_with(c)) return false;
    left_.remove_prefix(1);
    return true;
  }

  std::optional<std::string> take_string() {
    if (!take('"')) return std::nullopt;
    std::string text;
    while (!left_.empty()) {
      const char c = left_.front();
      left_.remove_prefix(1);
      if (c == '"') return text;
      if (c != '\\') {
        text.push_back(c);
      } else if (!take_escape(text)) {
        return std::nullopt;
      }
    }
    return std::nullopt;
  }

  // A number, or a word such as true.
  void skip_plain() { left_.remove_prefix(std::min(left_.find_first_of(",}"), left_.size())); }

 private:
  bool take_escape(std::string& out) {
    constexpr std::string_view kLetters = "bfnrt";
    constexpr std::string_view kMeanings = "\b\f\n\r\t";
    if (left_.empty()) return false;
    const char c = left_.front();
    left_.remove_prefix(1);
    if (c == 'u') return take_code(out);
    const std::size_t letter = kLetters.find(c);
    out.push_back(letter == std::string_view::npos ? c : kMeanings[letter]);
    return true;
  }

  bool take_code(std::string& out) {
    constexpr std::size_t kDigits = 4;
    unsigned code = 0;
    if (left_.size() < kDigits) return false;
    const char* end = left_.data() + kDigits;
    if (std::from_chars(left_.data(), end, code, 16).ptr != end) return false;
    left_.remove_prefix(kDigits);
    append_utf8(out, code);
    return true;
  }

  std::string_view left_;
};

}  // namespace

std::optional<std::string> json_member(std::string_view line, std::string_view name) {
  JsonLine object(line);
  if (!object.take('{')) return std::nullopt;
  do {
    const auto key = object.take_string();
    if (!key || !object.take(':')) return std::nullopt;
    const auto value = object.take_string();
    if (!value) object.skip_plain();
    if (*key == name) return value;
  } while (object.take(','));
  return std::nullopt;
}

}  // namespace howdah
