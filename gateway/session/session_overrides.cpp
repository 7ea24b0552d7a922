#include "gateway/session/session_overrides.hpp"

#include <fmt/format.h>

#include <utility>

#include "conf/walk.hpp"

namespace howdah {

SessionOverrides::SessionOverrides(SettingsPtr base) : base_(std::move(base)) { take_values(); }

Result<void> SessionOverrides::set(std::string_view name, std::string_view value) {
  if (auto changeable = check_changeable(name); !changeable) return changeable;
  Settings scratch = *base_;
  auto taken = find_param(scratch, name)->assign(value);
  if (!taken) {
    Error error = taken.error();
    error.code = ErrorCode::parameter_invalid;
    return error;
  }
  assigned_.insert_or_assign(std::string(name), std::string(value));
  take_values();
  return {};
}

Result<void> SessionOverrides::reset(std::string_view name) {
  if (name == "all") {
    assigned_.clear();
  } else {
    if (auto changeable = check_changeable(name); !changeable) return changeable;
    assigned_.erase(std::string(name));
  }
  take_values();
  return {};
}

void SessionOverrides::adopt(const SettingsPtr& base) {
  base_ = base;
  take_values();
}

// What follows from another parameter (raw mode never balances) is not for one client to undo.
Result<void> SessionOverrides::check_changeable(std::string_view name) const {
  const ParamBase* param = find_param(*base_, name);
  if (param == nullptr)
    return Error{ErrorCode::unknown_parameter, fmt::format("unrecognized configuration parameter \"{}\"", name)};
  if (param->change() != Change::session || param->origin() == Origin::derived)
    return Error{ErrorCode::parameter_fixed,
                 fmt::format("invalid Context, value for parameter \"{}\" cannot be changed", name),
                 {},
                 "Change pgpool.conf and reload, or restart where the parameter needs it."};
  if (param->support() == Support::unsupported)
    return Error{ErrorCode::feature_not_supported, fmt::format("parameter \"{}\" is not supported", name), {},
                 std::string(param->note())};
  return {};
}

SettingsPtr SessionOverrides::settings() const {
  auto settings = std::make_shared<Settings>(*base_);
  // Each value was taken before; one that a reload has made impossible falls back to the configured one.
  for (const auto& [name, value] : assigned_)
    if (ParamBase* param = find_param(*settings, name)) static_cast<void>(param->assign(value));
  return settings;
}

void SessionOverrides::take_values() {
  const SettingsPtr now = settings();
  if (auto routing = routing_options_of(*now)) routing_ = std::move(*routing);
  statement_log_ = {now->log.log_statement(), now->log.log_per_node_statement()};
  client_idle_limit_.reset();
  if (assigned_.contains("client_idle_limit")) client_idle_limit_ = now->pool.client_idle_limit();
}

}  // namespace howdah
