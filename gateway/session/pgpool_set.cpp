// PGPOOL SET and PGPOOL RESET, and what the session works by: its own values where it has any, else the worker's.
#include "gateway/session/session_core.hpp"

namespace howdah {

Result<TextTable> SessionCore::change_parameter(const GatewayCommand& command) {
  if (overrides_ == nullptr) overrides_ = std::make_unique<SessionOverrides>(env_.settings);
  const bool is_set = command.kind == GatewayCommandKind::pgpool_set && !command.is_default;
  const Result<void> changed =
      is_set ? overrides_->set(command.name, command.value) : overrides_->reset(command.name);
  if (overrides_->is_empty()) overrides_.reset();
  if (!changed) return changed.error();
  const bool is_reset_all = command.kind == GatewayCommandKind::pgpool_reset && command.name == "all";
  return TextTable{.command_tag = is_reset_all ? "RESET" : "SET"};
}

// At the start of every on(), for the few sessions that have any: a reload may have changed what they lie on.
void SessionCore::keep_up_overrides() {
  if (overrides_->base() != env_.settings) overrides_->adopt(env_.settings);
}

const RoutingOptions& SessionCore::routing() const {
  return overrides_ == nullptr ? env_.parse_cache.options() : overrides_->routing();
}

StatementLog SessionCore::statement_log() const {
  return overrides_ == nullptr ? env_.statement_log : overrides_->statement_log();
}

Duration SessionCore::client_idle_limit() const {
  const auto changed = overrides_ == nullptr ? std::nullopt : overrides_->client_idle_limit();
  return changed.value_or(options_.client_idle_limit);
}

}  // namespace howdah
