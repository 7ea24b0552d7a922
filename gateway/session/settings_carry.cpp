// The client's settings follow it: a server connection with others gets the difference as Queries of ours, in the same
// packet as the client's statement but under their own ReadyForQuery, so that an error in the statement does not undo
// it. Each is a transaction: if a setting is refused the transaction stays open as a failed one, and so what has been
// sent behind it does not run. Only what would end that transaction must wait for the answer (may_follow_settings). The
// other way round, the client is told what a server reports differently from what it believes.
#include <algorithm>

#include "conf/words.hpp"
#include "gateway/session/session_core.hpp"

namespace howdah {

using namespace session;

namespace {

// As often as a lost connection (failure.cpp): a connection may be left with limits of time that are hard to keep.
constexpr int kMaxRefusals = 2;

// Differs between a primary and its standbys by nature: told once, at the welcome.
bool is_node_local(std::string_view parameter) { return parameter == "in_hot_standby"; }

// What a RESET leaves a server with is not always what the client goes back to.
std::string_view value_for_client(const SettingsMemory& settings, const CarriedSettingsPtr& applied, std::string_view name, std::string_view value) {
  const std::string* first = settings.of_startup.find(name);
  return first != nullptr && settings.journal.is_taken_from_startup(conf::lower_case(name), applied) ? std::string_view(*first) : value;
}

}  // namespace

// Outside a transaction; inside one, what a RESET has taken that it should not.
bool SessionCore::has_wrong_settings() const {
  if (backend_->ledger.status() == TransactionStatus::idle)
    return !same_settings(backend_->applied.get(), settings_.journal.settings().get());
  return settings_.journal.must_put_back() && backend_->ledger.status() == TransactionStatus::in_block;
}

void SessionCore::bring_settings() {
  if (backend_->ledger.status() == TransactionStatus::in_block) {
    for (const std::string& query : settings_.journal.put_back(backend_->applied))
      inject_query(query, Injected::restored);
    return;
  }
  for (const std::string& query : settings_change(backend_->applied.get(), settings_.journal.settings().get())) {
    // The isolation is named because a standby refuses the one that may be the default.
    inject_query("BEGIN ISOLATION LEVEL READ COMMITTED;" + query + "COMMIT", Injected::settings);
    ++settings_.settling;
  }
  backend_->applied = settings_.journal.settings();
}

// backend_ owes nothing, and a statement is about to be sent. `may_follow`: it may leave before the settings are
// answered. `only_modes`: what a RESET has taken can wait, and a list of names is put back by a query, behind which no
// SET TRANSACTION may come.
SessionCore::Go SessionCore::settle_settings(bool may_follow, bool only_modes) {
  const bool can_wait = only_modes && backend_->ledger.status() == TransactionStatus::in_block;
  if (can_wait || !has_wrong_settings()) {
    if (is_fresh_lease_) reconcile_parameters();
    return Go::now;
  }
  bring_settings();
  return may_follow || settings_.settling == 0 ? Go::now : Go::wait;
}

// Nothing behind it has run. Another connection is tried, on another node if this is a replica: it may lag behind, or
// not have what a setting names.
void SessionCore::on_settings_refused(const wire::ErrorView& error) {
  env_.log.warn("settings refused s={} node={} sqlstate={}", identity_.id.value, backend_->node().value,
                error.sqlstate());
  const bool can_try_again =
      pins_.is_empty() && input_.stream_left == 0 && rerun_.loss_count < kMaxRefusals &&
      std::all_of(requests_.begin(), requests_.end(), [](const Request& request) {
        return (request.is_rerunnable || request.is_behind_settings) && (request.retained > 0 || !request.is_complete);
      });
  if (!can_try_again) {
    return close_with(Error{.code = ErrorCode::session_state_lost,
                            .message = "the settings of this session cannot be made on another server connection",
                            .detail = std::string(error.message())},
                      CloseReason::session_state_lost);
  }
  ++rerun_.loss_count;
  if (is_on_replica_) rerun_.avoided_node = backend_->node();
  const auto owed = backend_->ledger.entries();
  for (auto it = owed.rbegin(); it != owed.rend(); ++it) undo(*it);
  answer_.is_draining = false;
  answer_.after_drain = AfterDrain::leave;
  return_backend(LeaseEnd::close);
  requeue();
}

void SessionCore::inject_query(std::string_view sql, Injected what) {
  build_.clear();
  wire::append_query(build_, sql);
  to_server_copy(as_bytes(build_));
  backend_->unnamed_serial = 0;
  backend_->ledger.owe({AnswerKind::query, Audience::nobody, static_cast<std::uint64_t>(what)});
}

void SessionCore::reconcile_parameters() {
  if (is_replaying()) return;  // told when the transaction is again where it was
  const std::uint64_t reported = backend_->reported.fingerprint();
  const bool is_changing = settings_.journal.is_open();
  if (!is_changing && settings_.reconciled == std::pair(reported, settings_.told.fingerprint()))
    return;  // most servers report the same
  for (const auto& [name, there] : backend_->reported) {
    const std::string_view value = is_changing ? value_for_client(settings_, backend_->applied, name, there) : std::string_view(there);
    if (is_node_local(name) || !settings_.told.set(name, value)) continue;
    build_.clear();
    wire::append_parameter_status(build_, name, value);
    to_client_copy(as_bytes(build_));
  }
  if (!is_changing) settings_.reconciled = {reported, settings_.told.fingerprint()};
}

void SessionCore::on_parameter_status(Bytes message, Bytes body) {
  const auto parameter = wire::parse_parameter_status(body);
  if (!parameter) return lose_backend(NodeFailure::misbehaved, false);
  backend_->reported.set(parameter->name, parameter->value);
  // Changes made by a Query of ours are told when it is over: values in between are nobody's business.
  const Owed* front = backend_->ledger.front();
  if (is_starting_ || is_replaying() || (front != nullptr && front->audience == Audience::nobody)) return;
  const std::string_view value = value_for_client(settings_, backend_->applied, parameter->name, parameter->value);
  if (is_node_local(parameter->name) || !settings_.told.set(parameter->name, value)) return;
  if (value == parameter->value) return to_client(message);
  build_.clear();
  wire::append_parameter_status(build_, parameter->name, value);
  to_client_copy(as_bytes(build_));
}

}  // namespace howdah
