#include "gateway/session/startup_settings.hpp"

#include "gateway/session/session_settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

namespace howdah {

namespace {

using Values = std::map<std::string, std::string>;

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v'; }

// Words separated by white space; a backslash takes the next character as it is.
std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  bool in_word = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_space(text[i])) {
      in_word = false;
      continue;
    }
    if (!in_word) words.emplace_back();
    in_word = true;
    if (text[i] == '\\' && i + 1 < text.size()) ++i;
    words.back().push_back(text[i]);
  }
  return words;
}

Error bad_option(std::string_view word) {
  return Error{ErrorCode::startup_option, fmt::format("invalid command-line argument for server process: {}", word)};
}

std::optional<Error> add_assignment(std::string_view assignment, std::string_view word, Values& values) {
  const std::size_t equals = assignment.find('=');
  if (equals == std::string_view::npos || equals == 0) return bad_option(word);
  std::string name = lower(assignment.substr(0, equals));
  std::replace(name.begin(), name.end(), '-', '_');
  values[name] = std::string(assignment.substr(equals + 1));
  return std::nullopt;
}

std::optional<Error> add_options(std::string_view text, Values& values) {
  const std::vector<std::string> words = words_of(text);
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string_view word = words[i];
    std::optional<Error> error;
    if (word == "-c" && i + 1 < words.size()) {
      error = add_assignment(words[++i], word, values);
    } else if (word.starts_with("-c") && word.size() > 2) {
      error = add_assignment(word.substr(2), word, values);
    } else if (word.starts_with("--")) {
      error = add_assignment(word.substr(2), word, values);
    } else {
      error = bad_option(word);
    }
    if (error) return error;
  }
  return std::nullopt;
}

bool is_setting(std::string_view name) {
  return name != "user" && name != "database" && name != "replication" && name != "options" && !name.starts_with("_pq_.");
}

}  // namespace

Result<StartupSettings> startup_settings_of(const std::vector<std::pair<std::string, std::string>>& parameters) {
  Values values;
  // The options come first, so that a parameter given by itself wins, as in PostgreSQL.
  for (const auto& [name, value] : parameters)
    if (name == "options")
      if (auto error = add_options(value, values)) return *std::move(error);
  for (const auto& [name, value] : parameters)
    if (is_setting(name)) values[lower(name)] = value;
  StartupSettings settings;
  std::vector<CarriedSetting> carried;
  for (auto& [name, value] : values) {
    if (name.starts_with(kSessionSettingPrefix))
      settings.own.emplace_back(name, value);
    else
      carried.push_back({name, value});
  }
  settings.carried = make_settings(std::move(carried));
  return settings;
}

void add_host_to_name(std::vector<std::pair<std::string, std::string>>& parameters, std::string_view host) {
  for (auto& [name, value] : parameters)
    if (lower(name) == "application_name") {
      value = fmt::format("{} - {}", value, host);
      return;
    }
  parameters.emplace_back("application_name", fmt::format("app - {}", host));
}

}  // namespace howdah
