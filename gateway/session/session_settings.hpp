// The client's settings of the gateway itself: SHOW, SET and RESET howdah.<name>, and the same names in its startup
// packet. They are no server's business and are never sent to one. One row each in session_settings.cpp.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/lsn.hpp"
#include "base/result.hpp"
#include "conf/enums.hpp"

namespace howdah {

struct SessionSettings {
  std::optional<ReadConsistency> read_consistency = {};  // nothing: as configured
  std::optional<Lsn> min_lsn = {};                       // reads must have seen this position; nothing: none
};

constexpr std::string_view kSessionSettingPrefix = "howdah.";

// `name` without the prefix, lower case. Errors are PostgreSQL's: 42704 for an unknown name, 22023 for a wrong value.
Result<void> set_session_setting(SessionSettings& settings, std::string_view name, std::string_view value);
// To its value in `initial`, that of the startup packet; "all": each of them.
Result<void> reset_session_setting(SessionSettings& settings, std::string_view name, const SessionSettings& initial);
// `otherwise`: what is configured.
Result<std::string> show_session_setting(const SessionSettings& settings, std::string_view name,
                                         ReadConsistency otherwise);

// From names with the prefix and their values.
Result<SessionSettings> session_settings_of(const std::vector<std::pair<std::string, std::string>>& parameters);

}  // namespace howdah
