// The client's startup settings follow it: a server connection last used with others gets the difference as a Query of
// ours, in the same packet as the client's statement but under its own ReadyForQuery, so that an error in the statement
// does not undo it. The other way round, the client is told what a server reports differently from what it believes.
#include "gateway/session/session_core.hpp"

namespace howdah {

namespace {

// Differs between a primary and its standbys by nature: told once, at the welcome.
bool is_node_local(std::string_view parameter) { return parameter == "in_hot_standby"; }

}  // namespace

// On a server connection just granted.
void SessionCore::apply_settings() {
  if (same_settings(backend_->applied.get(), identity_.settings.get())) {
    if (!is_starting_) reconcile_parameters();
    return;
  }
  const std::string change = settings_change(backend_->applied.get(), identity_.settings.get());
  backend_->applied = identity_.settings;
  if (!change.empty()) inject_query(change, Injected::settings);
}

// After the client's RESET of something it had set at start-up: PostgreSQL resets to the startup value.
void SessionCore::restore_settings() {
  inject_query(reapply_, Injected::settings);
  reapply_.clear();
  backend_->applied = identity_.settings;
}

void SessionCore::inject_query(std::string_view sql, Injected what) {
  build_.clear();
  wire::append_query(build_, sql);
  to_server_copy(as_bytes(build_));
  backend_->unnamed_serial = 0;
  backend_->ledger.owe({AnswerKind::query, Audience::nobody, static_cast<std::uint64_t>(what)});
}

void SessionCore::reconcile_parameters() {
  const std::uint64_t reported = backend_->reported.fingerprint();
  if (reconciled_ == std::pair(reported, told_.fingerprint())) return;  // most servers report the same
  for (const auto& [name, value] : backend_->reported) {
    if (is_node_local(name) || !told_.set(name, value)) continue;
    build_.clear();
    wire::append_parameter_status(build_, name, value);
    to_client_copy(as_bytes(build_));
  }
  reconciled_ = {reported, told_.fingerprint()};
}

void SessionCore::on_parameter_status(Bytes message, Bytes body) {
  const auto parameter = wire::parse_parameter_status(body);
  if (!parameter) return lose_backend(NodeFailure::misbehaved, false);
  backend_->reported.set(parameter->name, parameter->value);
  // Changes made by a Query of ours are told when it is over: values in between are nobody's business.
  const Owed* front = backend_->ledger.front();
  if (is_starting_ || (front != nullptr && front->audience == Audience::nobody)) return;
  if (!is_node_local(parameter->name) && told_.set(parameter->name, parameter->value)) to_client(message);
}

}  // namespace howdah
