// The beginning: the client is told a server's parameters. The first client with certain startup settings waits for a
// server to accept them, as PostgreSQL would refuse wrong ones at login; later ones are welcomed from memory.
#include "conf/words.hpp"
#include "gateway/session/session_core.hpp"
#include "gateway/wire/body.hpp"

namespace howdah {

using namespace session;

void SessionCore::handle(const LoggedIn&) {
  since_.waiting = now_;
  const wire::ParameterSet* known =
      env_.welcome_cache.find(identity_.database, identity_.user, identity_.settings.get());
  if (known != nullptr) return welcome(*known);
  start();
}

// The primary if there is one, else any node that may answer.
void SessionCore::start() {
  const auto may_be_asked = [this](const NodeView& node) {
    return node.is_usable() && !(rerun_.avoided_node && *rerun_.avoided_node == node.id);
  };
  const NodeView* chosen = env_.view->primary_node();
  if (chosen != nullptr && !may_be_asked(*chosen)) chosen = nullptr;
  if (chosen == nullptr)
    for (const NodeView& candidate : env_.view->nodes)
      if (may_be_asked(candidate)) chosen = &candidate;
  if (chosen != nullptr) {
    waiting_ = Waiting::lease;
    out_->push(WantLease{chosen->id});
    return;
  }
  if (!may_wait_for_node(ErrorCode::no_node)) return refuse_to_wait();
  waiting_ = Waiting::node;
  wait_error_ = ErrorCode::no_node;
  if (rerun_.avoided_node) since_.retry_at = now_ + 200ms;
}

void SessionCore::refuse_to_wait() {
  const Error error = *std::exchange(input_.pending_error, std::nullopt);
  close_with(error, CloseReason::login_refused);
}

// A server connection is there.
void SessionCore::start_check() {
  if (!has_wrong_settings()) return finish_start();
  bring_settings();
}

// The settings are in force.
void SessionCore::finish_start() {
  env_.welcome_cache.remember(identity_.database, identity_.user, identity_.settings.get(), backend_->reported);
  welcome(backend_->reported);
}

void SessionCore::welcome(const wire::ParameterSet& parameters) {
  if (env_.catalog_of && identity_.console == ConsoleRole::none)
    catalog_.use.begin(env_.catalog_of(identity_.database));
  waiting_ = Waiting::nothing;
  since_.waiting.reset();
  is_fresh_lease_ = false;
  settings_.told = parameters;
  if (parameters.find("application_name") != nullptr)
    settings_.told.set("application_name", identity_.application_name);
  for (const auto& [name, value] : settings_.told)
    if (find_setting(identity_.settings.get(), conf::lower_case(name)) != nullptr) settings_.of_startup.set(name, value);
  const std::string* read_only = settings_.told.find("default_transaction_read_only");
  transaction_.is_read_only_at_login = read_only != nullptr && *read_only == "on";
  build_.clear();
  wire::append_parameters(build_, settings_.told);
  wire::append_backend_key(build_, identity_.cancel_key);
  to_client_copy(as_bytes(build_));
  to_client_ready();
  is_starting_ = false;
}

// The server's own words.
void SessionCore::refuse_start(Bytes error_body) {
  const wire::ErrorView error(error_body);
  env_.log.info("login refused by server s={} sqlstate={}", identity_.id.value, error.sqlstate());
  build_.clear();
  {
    wire::MessageScope message(build_, wire::ServerTag::error);
    for (const char severity : {'S', 'V'}) {
      build_.push_back(severity);
      append_cstring(build_, "FATAL");
    }
    build_.push_back('C');
    append_cstring(build_, error.sqlstate());
    build_.push_back('M');
    append_cstring(build_, error.message());
    for (const wire::ErrorField field : {wire::ErrorField::detail, wire::ErrorField::hint}) {
      if (error.field(field).empty()) continue;
      build_.push_back(static_cast<char>(field));
      append_cstring(build_, error.field(field));
    }
    build_.push_back('\0');
  }
  to_client_copy(as_bytes(build_));
  leave(CloseReason::login_refused);
}

}  // namespace howdah
