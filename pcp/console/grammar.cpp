#include "pcp/console/grammar.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace howdah::pcp {

namespace {

constexpr std::string_view kBlanks = " \t\r\n\f\v";
constexpr std::size_t kLongestArgument = 63;
constexpr std::size_t kLongestValue = 255;

bool is_word_character(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  void skip_blanks() { rest_.remove_prefix(std::min(rest_.find_first_not_of(kBlanks), rest_.size())); }
  void skip_comments() {
    for (skip_blanks();; skip_blanks()) {
      const std::string_view end = rest_.starts_with("/*") ? "*/" : "\n";
      if (!rest_.starts_with("/*") && !rest_.starts_with("--")) return;
      const std::size_t at = rest_.find(end);
      rest_.remove_prefix(at == rest_.npos ? rest_.size() : at + end.size());
    }
  }
  bool take(char c) {
    skip_blanks();
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  // A word, or text in quotes of that kind, where two of them stand for one.
  std::optional<std::string> take_word(char quote) {
    skip_blanks();
    if (rest_.starts_with(quote)) return take_quoted(quote);
    const auto* end = std::ranges::find_if_not(rest_, is_word_character);
    std::string word(rest_.begin(), end);
    if (word.empty()) return std::nullopt;
    rest_.remove_prefix(word.size());
    return word;
  }
  // At most one semicolon, and nothing behind it.
  bool is_at_end() {
    take(';');
    skip_blanks();
    return rest_.empty();
  }
  std::string_view rest() const { return rest_; }

 private:
  std::optional<std::string> take_quoted(char quote) {
    std::string out;
    for (std::size_t i = 1; i < rest_.size(); ++i) {
      if (rest_[i] == quote) {
        if (i + 1 >= rest_.size() || rest_[i + 1] != quote) {
          rest_.remove_prefix(i + 1);
          return out;
        }
        ++i;
      }
      out.push_back(rest_[i]);
    }
    return std::nullopt;
  }

  std::string_view rest_;
};

}  // namespace

std::string to_lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

Error invalid_command(std::string_view text) {
  constexpr std::size_t kLongestShown = 200;
  return {ErrorCode::console_command, fmt::format("invalid command '{}', use SHOW HELP;", text.substr(0, kLongestShown))};
}

Result<ConsoleCommand> parse_console_command(std::string_view text) {
  Reader reader(text);
  reader.skip_comments();
  ConsoleCommand command;
  const bool is_quoted = reader.rest().starts_with('"');
  const auto name = reader.take_word('"');
  if (!name || is_quoted) return invalid_command(text);
  command.name = to_lower(*name);
  if (command.name == "select") command.name = "show";
  reader.skip_blanks();
  command.rest = reader.rest();
  if (command.name == "set") {
    command.argument = reader.take_word('"');
    if (!reader.take('=') && to_lower(reader.take_word('"').value_or("")) != "to") return invalid_command(text);
    command.value = reader.take_word('\'');
    const bool is_negative = !command.value && reader.take('-');
    if (is_negative) command.value = "-" + reader.take_word('\'').value_or("");
    if (!command.argument || !command.value || !reader.is_at_end()) return invalid_command(text);
  } else if (!reader.is_at_end()) {
    command.argument = reader.take_word('"');
    command.has_one_argument = command.argument && reader.is_at_end();
  }
  if (command.argument.value_or("").size() > kLongestArgument || command.value.value_or("").size() > kLongestValue)
    return Error{ErrorCode::console_command, "bad arguments"};
  return command;
}

}  // namespace howdah::pcp
