// The settings a client asked for in its startup packet (application_name, client_encoding, options -c ..., anything
// else PostgreSQL would take). They are carried to every server connection the client's statements run on.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace howdah {

struct StartupSettings {
  std::vector<std::pair<std::string, std::string>> values;  // sorted by name, names in lower case, last one counts
  std::string key;                                          // equal for equal settings
  std::vector<std::pair<std::string, std::string>> own = {};  // for the gateway itself (howdah.*): not carried

  bool empty() const { return values.empty(); }
};

using StartupSettingsPtr = std::shared_ptr<const StartupSettings>;  // shared: the backend outlives the client

// From the parameters of a startup packet; user, database, replication and _pq_.* are left out, `options` is taken
// apart ("-c name=value", "--name=value", backslash escapes; PostgreSQL manual, libpq's parameter "options").
Result<StartupSettingsPtr> startup_settings_of(const std::vector<std::pair<std::string, std::string>>& parameters);

// The statements that turn a connection with `applied` into one with `wanted`; empty if there is nothing to do.
// Either may be null: no settings.
std::string settings_change(const StartupSettings* applied, const StartupSettings* wanted);

// One of those statements.
std::string setting_assignment(std::string_view name, std::string_view value);

const std::string* find_setting(const StartupSettings* settings, std::string_view name);
bool same_settings(const StartupSettings* a, const StartupSettings* b);

}  // namespace howdah
