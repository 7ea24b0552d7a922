#include "sql_router/statement_log.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

#include "base/ascii.hpp"
#include "sql_router/json_line.hpp"

namespace howdah {

namespace {

constexpr std::size_t kLongestRecord = 64 * 1024 * 1024;  // an open quote must not swallow the whole log
constexpr std::size_t kCsvSession = 5;   // columns of csvlog, from 0 (manual, table "csvlog")
constexpr std::size_t kCsvMessage = 13;
constexpr std::size_t kStartTime = 8;  // hexadecimal digits of it in a session's name, %c


// "2026-11-23 23:11:18.123 UTC," and so on: in a stderr line no comma follows the time zone.
bool is_csv(std::string_view line) {
  const std::string_view first = line.substr(0, line.find(','));
  return first.size() < line.size() && first.size() >= 20 && first.size() <= 40 && is_digit(first[0]) &&
         first[4] == '-' && first[7] == '-' && first[10] == ' ' && std::count(first.begin(), first.end(), ' ') == 2;
}

// Where the message begins in a line of the server's log, behind "LOG:  " or another severity.
struct Severity {
  std::size_t begin = 0;  // of the word
  std::size_t message = 0;
  bool is_log = false;
};

std::optional<Severity> find_severity(std::string_view line) {
  static constexpr std::array<std::string_view, 14> kWords{"LOG",   "ERROR",   "FATAL", "PANIC",     "WARNING", "NOTICE", "INFO",
                                                           "DEBUG", "DETAIL", "HINT",  "STATEMENT", "CONTEXT", "QUERY",  "LOCATION"};
  std::optional<Severity> found;
  for (const std::string_view word : kWords) {
    for (std::size_t at = line.find(word); at != std::string_view::npos; at = line.find(word, at + 1)) {
      std::size_t end = at + word.size();
      if (word == "DEBUG" && end < line.size() && is_digit(line[end])) ++end;
      const bool begins = at == 0 || std::isalnum(static_cast<unsigned char>(line[at - 1])) == 0;
      if (!begins || line.substr(end, 3) != ":  ") continue;
      if (!found || at < found->begin) found = Severity{at, end + 3, word == "LOG"};
      break;
    }
  }
  return found;
}

bool is_hex_digit(char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; }

// "65a1b2c3.1f2e", as %c writes it.
bool is_session_name(std::string_view word) {
  const std::size_t dot = word.find('.');
  return dot == kStartTime && word.size() > dot + 1 && std::all_of(word.begin(), word.begin() + dot, is_hex_digit) &&
         std::all_of(word.begin() + dot + 1, word.end(), is_hex_digit);
}

bool is_number(std::string_view word) { return !word.empty() && std::all_of(word.begin(), word.end(), is_digit); }

std::string_view in_brackets(std::string_view word) {
  const std::size_t open = word.find('[');
  const std::size_t close = open == std::string_view::npos ? open : word.find(']', open);
  return close == std::string_view::npos ? std::string_view{} : word.substr(open + 1, close - open - 1);
}

// What tells sessions apart in a line's prefix, whatever log_line_prefix puts there: the session's name (%c); else the first
// number in brackets, where %p mostly stands (the number of the line, "[7-1]", is none); else the first number by itself.
std::string_view session_of(std::string_view prefix) {
  constexpr std::string_view kEnds = " \t,;|()=";
  std::string_view bracketed;
  std::string_view alone;
  for (std::size_t at = 0; at < prefix.size();) {
    const std::size_t begin = std::min(prefix.find_first_not_of(kEnds, at), prefix.size());
    at = std::min(prefix.find_first_of(kEnds, begin), prefix.size());
    std::string_view word = prefix.substr(begin, at - begin);
    if (word.ends_with(':')) word.remove_suffix(1);
    if (is_session_name(word)) return word;
    if (bracketed.empty() && is_number(in_brackets(word))) bracketed = in_brackets(word);
    if (alone.empty() && is_number(word)) alone = word;
  }
  return bracketed.empty() ? alone : bracketed;
}

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

// "execute NAME: sql" and "execute NAME/PORTAL: sql". A portal that goes on is no new statement.
std::optional<std::string_view> executed(std::string_view message) {
  if (message.starts_with("execute fetch from ")) return std::nullopt;
  const std::size_t colon = message.find(": ");
  if (colon == std::string_view::npos) return std::nullopt;
  return message.substr(colon + 2);
}

std::optional<std::string_view> statement_of(std::string_view message) {
  if (message.starts_with("duration: ")) {
    const std::size_t end = message.find(" ms  ");
    if (end == std::string_view::npos) return std::nullopt;
    message.remove_prefix(end + 5);
  }
  if (take_prefix(message, "statement: ")) return message;
  if (message.starts_with("execute ")) return executed(message);
  return std::nullopt;  // "parse" and "bind" come before an "execute" of the same statement
}

}  // namespace

bool split_csv(std::string_view record, std::vector<std::string>& fields) {
  fields.assign(1, {});
  bool is_quoted = false;
  for (std::size_t at = 0; at < record.size(); ++at) {
    const char c = record[at];
    if (c == '"') {
      const bool is_doubled = is_quoted && at + 1 < record.size() && record[at + 1] == '"';
      if (is_doubled) fields.back().push_back(record[++at]);
      if (!is_doubled) is_quoted = !is_quoted;
    } else if (c == ',' && !is_quoted) {
      fields.emplace_back();
    } else {
      fields.back().push_back(c);
    }
  }
  return !is_quoted;
}

void StatementLogReader::line(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (form_ == Form::unknown) {
    if (line.find_first_not_of(" \t") == std::string_view::npos) return;
    form_ = form_of(line);
  }
  switch (form_) {
    case Form::csv: return csv_line(line);
    case Form::json: return json_line(line);
    case Form::stderr_log: return stderr_line(line);
    default: return plain_line(line);
  }
}

void StatementLogReader::finish() {
  if (form_ == Form::stderr_log) flush();
  pending_.clear();
  has_pending_ = false;
}

StatementLogReader::Form StatementLogReader::form_of(std::string_view line) {
  if (is_csv(line)) return Form::csv;
  if (json_member(line, "error_severity")) return Form::json;
  return find_severity(line) ? Form::stderr_log : Form::plain;
}

void StatementLogReader::plain_line(std::string_view line) {
  if (line.find_first_not_of(" \t") != std::string_view::npos) take_({}, line);
}

void StatementLogReader::stderr_line(std::string_view line) {
  if (line.starts_with('\t')) {
    if (has_pending_ && pending_.size() < kLongestRecord) pending_.append("\n").append(line.substr(1));
    return;
  }
  flush();
  const auto severity = find_severity(line);
  if (!severity || !severity->is_log) return;
  pending_ = line.substr(severity->message);
  pending_session_ = session_of(line.substr(0, severity->begin));
  has_pending_ = true;
}

void StatementLogReader::csv_line(std::string_view line) {
  if (has_pending_) pending_ += '\n';
  pending_ += line;
  has_pending_ = true;
  // A record is over when its quotes are closed.
  open_quotes_ += static_cast<std::size_t>(std::count(line.begin(), line.end(), '"'));
  if (open_quotes_ % 2 != 0 && pending_.size() < kLongestRecord) return;
  open_quotes_ = 0;
  std::vector<std::string> fields;
  if (split_csv(pending_, fields) && fields.size() > kCsvMessage) take_message(fields[kCsvSession], fields[kCsvMessage]);
  pending_.clear();
  has_pending_ = false;
}

// Names of members: manual, table "Keys and Values of JSON Log Entries".
void StatementLogReader::json_line(std::string_view line) {
  if (json_member(line, "error_severity") != "LOG") return;
  const auto message = json_member(line, "message");
  if (message) take_message(json_member(line, "session_id").value_or(""), *message);
}

void StatementLogReader::flush() {
  if (has_pending_) take_message(pending_session_, pending_);
  pending_.clear();
  has_pending_ = false;
}

void StatementLogReader::take_message(std::string_view session, std::string_view message) {
  if (const auto sql = statement_of(message)) take_(session, *sql);
}

}  // namespace howdah
