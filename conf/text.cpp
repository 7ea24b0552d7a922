#include "conf/text.hpp"

#include "base/ascii.hpp"
#include "conf/words.hpp"

#include <fmt/format.h>

#include <string_view>
#include <utility>

namespace howdah {

using namespace conf;

namespace {

constexpr int kDeepestInclude = 10;      // Pgpool's limit of nesting
constexpr int kMostIncluded = 1000;  // a file that includes itself twice would otherwise be read 2^10 times

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c & 0x80) != 0; }
bool is_name_char(char c) { return is_letter(c) || is_digit(c) || c == '.'; }
bool may_begin_bare(char c) { return is_letter(c) || is_digit(c) || c == '+' || c == '-' || c == '.'; }
bool is_bare_char(char c) { return may_begin_bare(c) || c == ':' || c == '/'; }

// One line, eaten from the left.
class Line {
 public:
  explicit Line(std::string_view rest) : rest_(rest) { skip_blanks(); }

  bool at_end() const { return rest_.empty() || rest_.front() == '#'; }
  std::string_view rest() const { return rest_; }

  std::string_view take_name() {
    if (rest_.empty() || !is_letter(rest_.front())) return {};
    return take_while(is_name_char);
  }

  void skip_equals() {
    if (rest_.starts_with('=')) rest_.remove_prefix(1);
    skip_blanks();
  }

  // Nothing after an error; why is in `problem`.
  std::string take_value(std::string& problem) {
    std::string value = rest_.front() == '\'' ? take_string(problem) : take_bare(problem);
    if (problem.empty() && !at_end()) problem = fmt::format("\"{}\" after the value", shown(rest_));
    return value;
  }

 private:
  void skip_blanks() {
    while (!rest_.empty() && is_blank(rest_.front())) rest_.remove_prefix(1);
  }

  std::string_view take_while(bool (*belongs)(char)) {
    std::size_t end = 0;
    while (end < rest_.size() && belongs(rest_[end])) ++end;
    const std::string_view taken = rest_.substr(0, end);
    rest_.remove_prefix(end);
    skip_blanks();
    return taken;
  }

  std::string take_bare(std::string& problem) {
    std::size_t end = 0;
    while (end < rest_.size() && !is_blank(rest_[end]) && rest_[end] != '#') ++end;
    const std::string_view word = rest_.substr(0, end);
    std::size_t good = may_begin_bare(word.front()) ? 1 : 0;
    while (good > 0 && good < word.size() && is_bare_char(word[good])) ++good;
    if (good != word.size()) {
      problem = fmt::format("write the value in quotes: '{}'", shown(word));
      return {};
    }
    rest_.remove_prefix(end);
    skip_blanks();
    return std::string(word);
  }

  std::string take_string(std::string& problem) {
    std::string value;
    for (std::size_t i = 1; i < rest_.size(); ++i) {
      const bool has_next = i + 1 < rest_.size();
      if (rest_[i] == '\\' && has_next) {
        value += rest_[i++];
      } else if (rest_[i] == '\'' && has_next && rest_[i + 1] == '\'') {
        ++i;
      } else if (rest_[i] == '\'') {
        rest_.remove_prefix(i + 1);
        skip_blanks();
        return value;
      }
      value += rest_[i];
    }
    problem = "the string has no closing quote";
    return {};
  }

  std::string_view rest_;
};

std::string beside(const std::string& including, const std::string& file) {
  const auto slash = including.rfind('/');
  if (file.starts_with('/') || slash == std::string::npos) return file;
  return including.substr(0, slash + 1) + file;
}

class Reader {
 public:
  explicit Reader(const FileReader& read) : read_(read) {}

  // Nothing was read of a file whose problem is reported at `from`.
  void read_file(const std::string& path, const Place& from, int depth) {
    if (depth > kDeepestInclude || ++files_ > kMostIncluded)
      return fail(from, fmt::format("\"{}\" is included too deep ({} levels are allowed)", shown(path), kDeepestInclude));
    const auto text = read_(path);
    if (!text) return fail(from, fmt::format("cannot read \"{}\": {}", shown(path), to_text(text.error())));
    std::string_view rest = *text;
    if (rest.starts_with("\xef\xbb\xbf")) rest.remove_prefix(3);  // a byte order mark
    Place place{path, 0};
    for (const std::string_view line : lines_of(rest)) {
      ++place.line;
      read_line(line, place, depth);
    }
  }

  ConfigText take() { return std::move(out_); }

 private:
  void read_line(std::string_view text, const Place& place, int depth) {
    Line line(text);
    if (line.at_end()) return;
    const std::string name(line.take_name());
    if (name.empty()) return fail(place, fmt::format("a parameter's name is expected, not \"{}\"", shown(line.rest())));
    line.skip_equals();
    if (line.at_end()) return warn(place, fmt::format("\"{}\" has no value: the line is ignored", shown(name)));
    std::string problem;
    std::string value = line.take_value(problem);
    if (!problem.empty()) return fail(place, fmt::format("{} (parameter \"{}\")", problem, shown(name)));
    if (name == "include") return read_file(beside(place.file, value), place, depth + 1);
    out_.assignments.push_back({name, std::move(value), place});
  }

  void fail(const Place& place, std::string message) {
    out_.is_whole = false;
    out_.findings.push_back({FindingKind::syntax, FindingLevel::error, place, std::move(message)});
  }
  void warn(const Place& place, std::string message) {
    out_.findings.push_back({FindingKind::remark, FindingLevel::warning, place, std::move(message)});
  }

  const FileReader& read_;
  ConfigText out_;
  int files_ = 0;
};

}  // namespace

ConfigText parse_config(const std::string& path, const FileReader& read) {
  Reader reader(read);
  reader.read_file(path, {path, 0}, 0);
  return reader.take();
}

}  // namespace howdah
