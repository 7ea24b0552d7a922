// The settings a client asked for in its startup packet (application_name, client_encoding, options -c ..., anything
// else PostgreSQL would take): what its session starts with, and what RESET goes back to.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "gateway/session/carried_settings.hpp"

namespace howdah {

struct StartupSettings {
  CarriedSettingsPtr carried = nullptr;
  std::vector<std::pair<std::string, std::string>> own = {};  // for the gateway itself (howdah.*): not carried
};

// From the parameters of a startup packet; user, database, replication and _pq_.* are left out, `options` is taken
// apart ("-c name=value", "--name=value", backslash escapes; PostgreSQL manual, libpq's parameter "options").
Result<StartupSettings> startup_settings_of(const std::vector<std::pair<std::string, std::string>>& parameters);

// application_name_add_host: "name - host" in the parameters, "app - host" where the client has not said a name.
void add_host_to_name(std::vector<std::pair<std::string, std::string>>& parameters, std::string_view host);

}  // namespace howdah
