// PGPOOL SET: the parameters one client has changed for itself, on top of the configuration in force. Which ones may be
// changed says the table of parameters (Change::session). Made at a session's first PGPOOL SET; without one a session
// uses what all sessions of its worker share. Pure; used by the session's thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/instant.hpp"
#include "base/result.hpp"
#include "conf/settings.hpp"
#include "gateway/session/surroundings.hpp"
#include "sql_router/routing_options.hpp"

namespace howdah {

class SessionOverrides {
 public:
  explicit SessionOverrides(SettingsPtr base);

  // After an error nothing has changed. SQLSTATEs are PostgreSQL's for SET: 42704, 55P02, 22023, 0A000.
  Result<void> set(std::string_view name, std::string_view value);
  Result<void> reset(std::string_view name);
  // A reload: what was set stays set.
  void adopt(const SettingsPtr& base);

  bool is_empty() const { return assigned_.empty(); }
  const SettingsPtr& base() const { return base_; }
  SettingsPtr settings() const;  // all parameters as the session has them, made anew

  const RoutingOptions& routing() const { return routing_; }
  StatementLog statement_log() const { return statement_log_; }
  std::optional<Duration> client_idle_limit() const { return client_idle_limit_; }  // nothing: not changed

 private:
  Result<void> check_changeable(std::string_view name) const;
  void take_values();

  SettingsPtr base_;
  std::map<std::string, std::string, std::less<>> assigned_;  // not the whole Settings, which is large
  RoutingOptions routing_;
  StatementLog statement_log_;
  std::optional<Duration> client_idle_limit_;
};

}  // namespace howdah
