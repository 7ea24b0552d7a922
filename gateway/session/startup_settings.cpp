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

void append_literal(std::string& out, std::string_view text) {
  // E'' so that the meaning does not hang on standard_conforming_strings.
  out += "E'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out.push_back(c);
    out.push_back(c);
  }
  out.push_back('\'');
}

// Setting names are checked by the server; quoting keeps them one name whatever they contain.
void append_name(std::string& out, std::string_view name) {
  out.push_back('"');
  for (const char c : name) {
    if (c == '"') out.push_back(c);
    out.push_back(c);
  }
  out.push_back('"');
}

// "a.b" is two quoted names.
void append_qualified_name(std::string& out, std::string_view name) {
  const std::size_t dot = name.find('.');
  if (dot == std::string_view::npos) return append_name(out, name);
  append_name(out, name.substr(0, dot));
  out.push_back('.');
  append_name(out, name.substr(dot + 1));
}

const std::string* find(const StartupSettings* settings, std::string_view name) {
  if (settings == nullptr) return nullptr;
  for (const auto& [key, value] : settings->values)
    if (key == name) return &value;
  return nullptr;
}

}  // namespace

Result<StartupSettingsPtr> startup_settings_of(const std::vector<std::pair<std::string, std::string>>& parameters) {
  Values values;
  // The options come first, so that a parameter given by itself wins, as in PostgreSQL.
  for (const auto& [name, value] : parameters)
    if (name == "options")
      if (auto error = add_options(value, values)) return *std::move(error);
  for (const auto& [name, value] : parameters)
    if (is_setting(name)) values[lower(name)] = value;
  if (values.empty()) return StartupSettingsPtr{};

  auto settings = std::make_shared<StartupSettings>();
  for (auto& [name, value] : values) {
    if (name.starts_with(kSessionSettingPrefix)) {
      settings->own.emplace_back(name, value);
      continue;
    }
    settings->key += fmt::format("{}:{}={}:{};", name.size(), name, value.size(), value);
    settings->values.emplace_back(name, value);
  }
  return StartupSettingsPtr{std::move(settings)};
}

std::string setting_assignment(std::string_view name, std::string_view value) {
  std::string out = "SELECT pg_catalog.set_config(";
  append_literal(out, name);
  out += ", ";
  append_literal(out, value);
  out += ", false);";
  return out;
}

std::string settings_change(const StartupSettings* applied, const StartupSettings* wanted) {
  std::string out;
  if (applied != nullptr) {
    for (const auto& [name, value] : applied->values) {
      if (find(wanted, name) != nullptr) continue;
      out += "RESET ";
      append_qualified_name(out, name);
      out += ';';
    }
  }
  if (wanted != nullptr) {
    for (const auto& [name, value] : wanted->values) {
      const std::string* old = find(applied, name);
      if (old == nullptr || *old != value) out += setting_assignment(name, value);
    }
  }
  return out;
}

bool same_settings(const StartupSettings* a, const StartupSettings* b) {
  if (a == b) return true;
  if (a == nullptr || b == nullptr) return false;
  return a->key == b->key;
}

const std::string* find_setting(const StartupSettings* settings, std::string_view name) { return find(settings, name); }

}  // namespace howdah
