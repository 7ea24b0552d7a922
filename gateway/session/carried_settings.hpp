// The settings of one session that follow it from one server connection to another: what the client asked for in its
// startup packet, and what it has changed since with SET, RESET, set_config() and SET ROLE. Immutable and shared: the
// session and the server connections it has used hold the same object, so that comparing is mostly comparing pointers.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sql_router/session_step.hpp"

namespace howdah {

struct CarriedSetting {
  std::string name;      // lower case
  std::string value;
  bool is_list = false;  // as in SessionStep
  bool operator==(const CarriedSetting&) const = default;
};

struct CarriedSettings {
  std::vector<CarriedSetting> values;  // sorted by name, each once
  std::string key;                     // equal for equal settings
};

// Shared: a server connection outlives the session that set it up. Null: no settings.
using CarriedSettingsPtr = std::shared_ptr<const CarriedSettings>;

// `values` sorted by name.
CarriedSettingsPtr make_settings(std::vector<CarriedSetting> values);

const std::string* find_setting(const CarriedSettings* settings, std::string_view name);
bool same_settings(const CarriedSettings* a, const CarriedSettings* b);
// Equal for settings under which a statement's text means the same: without time limits, logging and the like.
void append_reading_key(std::string& out, const CarriedSettings* settings);
bool has_only_ascii(const CarriedSettings* settings);

// `settings` after the steps, in their order. What is reset goes back to `startup` (null: to the server's own value).
// Steps that divide transactions mean nothing here.
CarriedSettingsPtr settings_after(const CarriedSettingsPtr& settings, std::span<const SessionStep> steps,
                                  const CarriedSettings* startup);

// The statement that makes this step of kind `set`. SET where that can say it: like PostgreSQL's own RESET it takes no snapshot,
// behind which SET TRANSACTION would be refused.
std::string setting_statement(const SessionStep& set);

// The Queries that turn a connection with `applied` into one with `wanted`; empty if there is nothing to do. Two where
// the text of the second must be read in the encoding the first one sets.
std::vector<std::string> settings_change(const CarriedSettings* applied, const CarriedSettings* wanted);

}  // namespace howdah
