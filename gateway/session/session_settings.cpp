#include "gateway/session/session_settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "sql_router/hints.hpp"

namespace howdah {

namespace {

struct SettingRow {
  std::string_view name;
  bool (*set)(SessionSettings&, std::string_view value);  // false: not a value of it
  void (*reset)(SessionSettings&, const SessionSettings& initial);
  std::string (*show)(const SessionSettings&, ReadConsistency otherwise);
  std::string_view values;  // for people
};

bool set_read_consistency(SessionSettings& settings, std::string_view value) {
  const auto named = read_consistency_named(value);
  if (named) settings.read_consistency = named;
  return named.has_value();
}

bool set_min_lsn(SessionSettings& settings, std::string_view value) {
  const auto position = parse_lsn(value);
  if (!position && !value.empty()) return false;
  settings.min_lsn = position;
  return true;
}

constexpr std::array kSettings{
    SettingRow{"read_consistency", set_read_consistency,
               [](SessionSettings& settings, const SessionSettings& initial) {
                 settings.read_consistency = initial.read_consistency;
               },
               [](const SessionSettings& settings, ReadConsistency otherwise) {
                 const ReadConsistency now = settings.read_consistency.value_or(otherwise);
                 return std::string(names_of(now)[static_cast<std::size_t>(now)].name);
               },
               "Available values: eventual, session, global."},
    SettingRow{"min_lsn", set_min_lsn,
               [](SessionSettings& settings, const SessionSettings& initial) { settings.min_lsn = initial.min_lsn; },
               [](const SessionSettings& settings, ReadConsistency) {
                 return settings.min_lsn ? to_text(*settings.min_lsn) : std::string{};
               },
               "Give a WAL position as SHOW howdah.lsn tells it, such as 0/3000060, or an empty string for none."},
};

const SettingRow* find_row(std::string_view name) {
  const auto found =
      std::find_if(kSettings.begin(), kSettings.end(), [&](const SettingRow& row) { return row.name == name; });
  return found == kSettings.end() ? nullptr : &*found;
}

Error unknown_setting(std::string_view name) {
  std::string known;
  for (const SettingRow& row : kSettings) known += fmt::format("{}{}{}", known.empty() ? "" : ", ", kSessionSettingPrefix, row.name);
  return Error{.code = ErrorCode::unknown_parameter,
               .message = fmt::format("unrecognized configuration parameter \"{}{}\"", kSessionSettingPrefix, name),
               .hint = fmt::format("There are {} and, to be shown, {}lsn.", known, kSessionSettingPrefix)};
}

}  // namespace

Result<void> set_session_setting(SessionSettings& settings, std::string_view name, std::string_view value) {
  const SettingRow* row = find_row(name);
  if (row == nullptr) return unknown_setting(name);
  if (row->set(settings, value)) return {};
  return Error{.code = ErrorCode::parameter_invalid,
               .message = fmt::format("invalid value for parameter \"{}{}\": \"{}\"", kSessionSettingPrefix, name, value),
               .hint = std::string(row->values)};
}

Result<void> reset_session_setting(SessionSettings& settings, std::string_view name, const SessionSettings& initial) {
  if (name == "all") {
    settings = initial;
    return {};
  }
  const SettingRow* row = find_row(name);
  if (row == nullptr) return unknown_setting(name);
  row->reset(settings, initial);
  return {};
}

Result<std::string> show_session_setting(const SessionSettings& settings, std::string_view name,
                                         ReadConsistency otherwise) {
  const SettingRow* row = find_row(name);
  if (row == nullptr) return unknown_setting(name);
  return row->show(settings, otherwise);
}

Result<SessionSettings> session_settings_of(const std::vector<std::pair<std::string, std::string>>& parameters) {
  SessionSettings settings;
  for (const auto& [name, value] : parameters)
    if (auto set = set_session_setting(settings, std::string_view(name).substr(kSessionSettingPrefix.size()), value); !set)
      return set.error();
  return settings;
}

}  // namespace howdah
