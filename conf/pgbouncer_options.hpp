// What a line of [databases] sets for its server connections (connect_query, client_encoding, datestyle, timezone,
// application_name), as the options its clients begin with (database_optionsN): so it is the same on every server connection,
// and RESET goes back to it. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace howdah {

using Setting = std::pair<std::string, std::string>;  // name, value

// The settings a connect_query makes; nothing if it does anything else than SET name {TO | =} value, SET ROLE,
// SET TIME ZONE and SELECT set_config('name', 'value', false).
std::optional<std::vector<Setting>> settings_of_connect_query(std::string_view sql);

// "-c name=value -c ..." with what PGOPTIONS needs escaped.
std::string options_text(const std::vector<Setting>& settings);

}  // namespace howdah
