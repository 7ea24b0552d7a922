#include "gateway/session/carried_settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "gateway/session/sql_literal.hpp"
#include "sql_router/list_settings.hpp"

namespace howdah {

namespace {

constexpr std::string_view kRole = "role";
constexpr std::string_view kEncoding = "client_encoding";

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// Names are checked by the server; quoting keeps them one name whatever they contain. "a.b" is two of them.
void append_name(std::string& out, std::string_view name) {
  const std::size_t dot = name.find('.');
  out.push_back('"');
  for (const char c : name.substr(0, dot)) {
    if (c == '"') out.push_back(c);
    out.push_back(c);
  }
  out.push_back('"');
  if (dot == std::string_view::npos) return;
  out.push_back('.');
  append_name(out, name.substr(dot + 1));
}

// Of "a", "b": each as a literal of its own.
void append_elements(std::string& out, std::string_view list) {
  std::string element;
  bool is_inside = false;
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (list[i] != '"') {
      (is_inside ? element : out).push_back(list[i]);
    } else if (is_inside && i + 1 < list.size() && list[i + 1] == '"') {
      element.push_back(list[++i]);
    } else if (std::exchange(is_inside, !is_inside)) {
      append_literal(out, element);
      element.clear();
    }
  }
}

void append_reset(std::string& out, std::string_view name) {
  out += "RESET ";
  append_name(out, name);
  out += ';';
}

void append_set(std::string& out, std::string_view name, std::string_view value, bool is_list) {
  // The text of such a list is read by set_config only; SET takes it for the name of one element.
  const bool is_text_of_list = !is_list && is_list_of_names(name);
  if (is_text_of_list) {
    out += "SELECT pg_catalog.set_config(";
    append_literal(out, name);
    out += ", ";
    append_literal(out, value);
    out += ", false)";
    return;
  }
  out += "SET ";
  append_name(out, name);
  out += " TO ";
  is_list ? append_elements(out, value) : append_literal(out, value);
}

void append_assignment(std::string& out, const CarriedSetting& setting) {
  // A part of it keeps the other part that is in force, which may be somebody else's.
  if (setting.name == "datestyle") append_reset(out, setting.name);
  append_set(out, setting.name, setting.value, setting.is_list);
  out += ';';
}

const CarriedSetting* find(const CarriedSettings* settings, std::string_view name) {
  if (settings == nullptr) return nullptr;
  const auto at = std::lower_bound(settings->values.begin(), settings->values.end(), name,
                                   [](const CarriedSetting& one, std::string_view wanted) { return one.name < wanted; });
  return at != settings->values.end() && at->name == name ? &*at : nullptr;
}

std::span<const CarriedSetting> all(const CarriedSettings* settings) {
  return settings == nullptr ? std::span<const CarriedSetting>{} : std::span<const CarriedSetting>{settings->values};
}

// What one setting needs; nothing if it is right.
void append_change(std::string& out, std::string_view name, const CarriedSettings* applied, const CarriedSettings* wanted) {
  const CarriedSetting* old = find(applied, name);
  const CarriedSetting* now = find(wanted, name);
  if (now == nullptr) {
    if (old != nullptr) append_reset(out, name);
  } else if (old == nullptr || !(*old == *now)) {
    append_assignment(out, *now);
  }
}

void append_key(std::string& key, const CarriedSetting& one) {
  const char* const sign = one.is_list ? "~" : "=";
  fmt::format_to(std::back_inserter(key), "{}:{}{}{}:{};", one.name.size(), one.name, sign, one.value.size(), one.value);
}

// The settings of a session in the making.
class Draft {
 public:
  explicit Draft(const CarriedSettings* settings) : values_(all(settings).begin(), all(settings).end()) {}

  void take(const SessionStep& step, const CarriedSettings* startup) {
    switch (step.kind) {
      case SessionStepKind::set: return set({step.name, step.value, step.is_list});
      case SessionStepKind::reset: return reset(step.name, startup);
      case SessionStepKind::reset_all: {
        // PostgreSQL leaves the role as it is.
        const auto role = std::find_if(values_.begin(), values_.end(), [](const auto& one) { return one.name == kRole; });
        const auto kept = role == values_.end() ? std::vector<CarriedSetting>{} : std::vector<CarriedSetting>{*role};
        values_.assign(all(startup).begin(), all(startup).end());
        kept.empty() ? remove(kRole) : set(kept.front());
        return;
      }
      case SessionStepKind::discard_all: values_.assign(all(startup).begin(), all(startup).end()); return;
      default: return;
    }
  }

  CarriedSettingsPtr done() { return make_settings(std::move(values_)); }

 private:
  void set(CarriedSetting setting) {
    const auto at = place(setting.name);
    if (at != values_.end() && at->name == setting.name) {
      *at = std::move(setting);
    } else {
      values_.insert(at, std::move(setting));
    }
  }

  void remove(std::string_view name) {
    const auto at = place(name);
    if (at != values_.end() && at->name == name) values_.erase(at);
  }

  void reset(std::string_view name, const CarriedSettings* startup) {
    const CarriedSetting* first = find(startup, name);
    first != nullptr ? set(*first) : remove(name);
  }

  std::vector<CarriedSetting>::iterator place(std::string_view name) {
    return std::lower_bound(values_.begin(), values_.end(), name,
                            [](const CarriedSetting& one, std::string_view wanted) { return one.name < wanted; });
  }

  std::vector<CarriedSetting> values_;
};

}  // namespace

CarriedSettingsPtr make_settings(std::vector<CarriedSetting> values) {
  if (values.empty()) return nullptr;
  auto settings = std::make_shared<CarriedSettings>();
  for (const CarriedSetting& one : values) append_key(settings->key, one);
  settings->values = std::move(values);
  return settings;
}

const std::string* find_setting(const CarriedSettings* settings, std::string_view name) {
  const CarriedSetting* found = find(settings, name);
  return found == nullptr ? nullptr : &found->value;
}

bool same_settings(const CarriedSettings* a, const CarriedSettings* b) {
  if (a == b) return true;
  if (a == nullptr || b == nullptr) return false;
  return a->key == b->key;
}

void append_reading_key(std::string& out, const CarriedSettings* settings) {
  for (const CarriedSetting& one : all(settings)) {
    const bool is_neutral = one.name == "application_name" || one.name.ends_with("_timeout") || one.name.starts_with("log_") ||
                            one.name == "client_min_messages" || one.name == "synchronous_commit";
    if (!is_neutral) append_key(out, one);
  }
}

bool has_only_ascii(const CarriedSettings* settings) {
  return std::all_of(all(settings).begin(), all(settings).end(), [](const auto& one) { return is_ascii(one.value); });
}

CarriedSettingsPtr settings_after(const CarriedSettingsPtr& settings, std::span<const SessionStep> steps,
                                  const CarriedSettings* startup) {
  if (steps.empty()) return settings;
  Draft draft(settings.get());
  for (const SessionStep& step : steps) draft.take(step, startup);
  return draft.done();
}

std::string setting_statement(const SessionStep& set) {
  std::string sql;
  append_set(sql, set.name, set.value, set.is_list);
  return sql;
}

std::vector<std::string> settings_change(const CarriedSettings* applied, const CarriedSettings* wanted) {
  std::string encoding;
  append_change(encoding, kEncoding, applied, wanted);
  std::string others;
  for (const CarriedSetting& old : all(applied))
    if (old.name != kRole && old.name != kEncoding && find(wanted, old.name) == nullptr) append_reset(others, old.name);
  for (const CarriedSetting& now : all(wanted))
    if (now.name != kRole && now.name != kEncoding) append_change(others, now.name, applied, wanted);
  std::string role;
  append_change(role, kRole, applied, wanted);
  // The rights to change the others are those of the user who logged in, so the role comes last. It may also be all
  // that stands in their way.
  const CarriedSetting* old_role = find(applied, kRole);
  if (old_role != nullptr && old_role->value != "none" && !(encoding.empty() && others.empty())) {
    encoding.insert(0, "SET \"role\" TO E'none';");
    if (role.empty()) append_assignment(role, *old_role);
  }
  std::vector<std::string> queries;
  if (!encoding.empty() && !is_ascii(others)) {
    queries.push_back(std::move(encoding));
    encoding.clear();
  }
  encoding += others;
  encoding += role;
  if (!encoding.empty()) queries.push_back(std::move(encoding));
  return queries;
}

}  // namespace howdah
