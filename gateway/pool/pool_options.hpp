// What one pool works by, taken out of the settings: those for all, or its database's or user's own.
#pragma once

#include <optional>
#include <string_view>

#include "base/instant.hpp"
#include "conf/settings.hpp"
#include "gateway/pool/limits.hpp"

namespace howdah {

struct PoolOptions {
  PoolLimits limits;                    // for texts and timing; the counting is the budget's
  Duration reserve_pool_timeout = 5s;   // 0: the reserve is not used
  Duration query_wait_timeout = 120s;   // 0: wait for ever
  Duration server_lifetime = 3600s;     // 0: use once
  Duration server_idle_timeout = 600s;  // 0: never
  Duration check_timeout = {};  // how long that may take; 0: no limit
  std::optional<Duration> check_delay = {};  // unused for longer, it is asked before it is lent; nothing: never
  Duration server_login_retry = 15s;    // the longest pause after failed openings; the first is short
};

PoolOptions pool_options_of(const Settings& settings, std::string_view database, std::string_view user);

}  // namespace howdah
