#include <fmt/format.h>

#include <array>

#include "gateway/io/random.hpp"
#include "gateway/io/replication_relay.hpp"
#include "gateway/io/worker.hpp"
#include "gateway/login/cancel.hpp"
#include "gateway/session/replication_start.hpp"

namespace howdah {

void Worker::admit(Accepted accepted) {
  const SessionId id{next_session_++};
  if (config_->logs_connections) shared_.log.info("client connected s={} from={}", id.value, host_text(accepted.peer));
  clients_[id] = std::make_unique<ClientLink>(parts_, static_cast<ClientLink::Owner&>(*this), config_, std::move(accepted), id);
}

std::optional<Error> Worker::refusal(const ClientLink& client) {
  if (shared_.is_shutting_down) return Error{ErrorCode::shutting_down, "the gateway is shutting down"};
  // Who steers the gateway gets in when it is full, too.
  if (console_role(client) != ConsoleRole::none) return std::nullopt;
  const std::uint32_t consoles = shared_.console_count.load(std::memory_order_relaxed);
  if (shared_.client_count.load(std::memory_order_relaxed) > config_->max_clients + consoles)
    return Error{.code = ErrorCode::too_many_clients,
                 .message = "sorry, too many clients already",
                 .hint = fmt::format("max_client_conn = {} allows no more. Raise it, or end some.", config_->max_clients)};
  return std::nullopt;
}

void Worker::on_cancel_request(ClientLink& client, wire::CancelKey key) {
  // The client's connection is closed when the server has closed ours: its next statement is then safe.
  shared_.hooks.route_cancel(std::move(key), [this, id = client.id()] {
    reactor_.post([this, id] {
      if (ClientLink* waiting = find(id)) waiting->close_after_flush();
    });
  });
}

void Worker::find_name(ClientLink& client) {
  shared_.client_names.ask_name(client.host(), reactor_, [this, id = client.id()](std::optional<std::string> name) {
    if (ClientLink* waiting = find(id)) waiting->on_name_found(std::move(name));
  });
}

SecretAsker& Worker::secrets_of(const ClientLink& client) {
  const int number = config_->settings->auth_in_force(client.startup().database).number;
  auto& asker = secrets_[number];
  if (asker == nullptr) {
    asker = std::make_unique<SecretAsker>(parts_, config_, number);
    asker->set_view(surroundings_.view);
  }
  return *asker;
}

void Worker::find_secret(ClientLink& client) {
  secrets_of(client).ask(client.startup().user, [this, id = client.id()](const Result<login::StoredSecret>& secret) {
    if (ClientLink* waiting = find(id)) waiting->on_secret_found(secret);
  });
}

void Worker::distrust_secret(ClientLink& client) { secrets_of(client).forget(client.startup().user); }

void Worker::check_by_server(ClientLink& client) {
  const wire::StartupMessage& startup = client.startup();
  if (config_->console.is_console(startup.database))  // no server has that database
    return client.refuse({ErrorCode::password_wrong, "password authentication failed for user \"" + startup.user + "\"",
                          {}, "The console needs an entry in pool_passwd."});
  pools_.check_password(startup.database, startup.user, client.credential(),
                        [this, id = client.id()](const OpenFailure* failure) {
                          if (ClientLink* waiting = find(id)) waiting->on_server_checked(failure);
                        });
}

// Asked during login. PgBouncer's own user name needs no password and no list where the operating system vouches for it.
ConsoleRole Worker::console_role(const ClientLink& client) const {
  const wire::StartupMessage& startup = client.startup();
  if (!config_->console.is_console(startup.database)) return ConsoleRole::none;
  if (startup.user == kConsoleOwner && client.port() == 0 && client.is_our_own_user()) return ConsoleRole::admin;
  return config_->console.role_of(startup.user);
}

// Judged once the client is known to be who it says.
std::optional<Error> Worker::refusal_after_login(const wire::StartupMessage& startup, ConsoleRole console) const {
  const DatabaseOrders* orders = orders_->find(startup.database);
  if (console == ConsoleRole::none && orders != nullptr && orders->is_disabled)
    return Error{ErrorCode::protocol_violation, "database \"" + startup.database + "\" is disabled",
                 {}, "ENABLE in the console lets clients in again."};
  if (console == ConsoleRole::none && config_->console.is_console(startup.database))
    return Error{ErrorCode::protocol_violation, "not allowed", {},
                 "Only users in admin_users and stats_users may use the console."};
  return std::nullopt;
}

wire::CancelKey Worker::make_cancel_key(const wire::StartupMessage& startup) {
  std::array<char, login::kLongSecretSize> random{};
  fill_random(random);
  return login::make_client_key(id_.value, ++next_serial_, random, startup.spoken);
}

Result<ClientIdentity> Worker::identify(const ClientLink& client, ConsoleRole console) {
  const wire::StartupMessage& startup = client.startup();
  auto parameters = startup.parameters;
  const DatabaseSettings* own = console == ConsoleRole::none ? config_->settings->find_database(startup.database) : nullptr;
  if (own != nullptr && !own->database_options().empty()) parameters.emplace_back("options", own->database_options());
  if (!startup.options.empty()) parameters.emplace_back("options", startup.options);
  if (config_->settings->pool.application_name_add_host() && console == ConsoleRole::none)
    add_host_to_name(parameters, client.port() == 0 ? "unix" : fmt::format("{}:{}", client.host(), client.port()));
  auto settings = startup_settings_of(parameters);
  if (!settings) return settings.error();
  auto own_settings = session_settings_of(settings->own);
  if (!own_settings) return own_settings.error();
  ClientIdentity identity;
  identity.id = client.id();
  identity.database = startup.database;
  identity.login_user = identity.user = startup.user;
  if (console == ConsoleRole::none) identity.user = config_->settings->server_user(startup.database, startup.user);
  identity.settings = std::move(settings->carried);
  identity.own_settings = *own_settings;
  if (const std::string* name = find_setting(identity.settings.get(), "application_name")) identity.application_name = *name;
  identity.cancel_key = make_cancel_key(startup);
  identity.console = console;
  return identity;
}

void Worker::on_logged_in(ClientLink& client) {
  const wire::StartupMessage& startup = client.startup();
  const ConsoleRole console = console_role(client);
  if (const auto refused = refusal_after_login(startup, console)) return client.refuse(*refused);
  if (console == ConsoleRole::none) {
    auto place = shared_.places.enter(startup.database, startup.user,
                                      login::client_limits_of(*config_->settings, startup.database, startup.user));
    if (!place) return client.refuse(place.error());
    client.place = std::move(*place);
  }
  if (startup.replication != wire::Replication::none) return start_replication(client);
  auto identity = identify(client, console);
  if (!identity) return client.refuse(identity.error());
  by_pid_[identity->cancel_key.pid] = client.id();
  ++clients_served_;
  if (console == ConsoleRole::none)
    pools_.remember_credential(startup.user, client.credential());
  else
    shared_.console_count.fetch_add(1, std::memory_order_relaxed);
  if (config_->logs_connections)
    shared_.log.info("client logged in s={} user=\"{}\" db=\"{}\"", client.id().value, startup.user, startup.database);
  const std::string early = client.start_session(std::move(*identity), surroundings_);
  feed(client, session::LoggedIn{});
  if (!early.empty() && !client.is_closing()) feed(client, session::ClientBytes{as_bytes(early)});
  pools_.deliver();
}

void Worker::start_replication(ClientLink& client) {
  const wire::StartupMessage& startup = client.startup();
  auto start = replication_start_of(startup);
  if (!start) return client.refuse(start.error());
  const auto node = replication_node(*surroundings_.view, start->node);
  if (!node) return client.refuse(node.error());
  pools_.remember_credential(startup.user, client.credential());
  const std::string user(config_->settings->server_user(startup.database, startup.user));
  login::ServerLoginFacts facts = pools_.facts_of(startup.database, user);
  facts.parameters = std::move(start->parameters);
  wire::CancelKey key = make_cancel_key(startup);
  by_pid_[key.pid] = client.id();
  ++clients_served_;
  if (config_->logs_connections)
    shared_.log.info("replication client logged in s={} user=\"{}\" node={}", client.id().value, startup.user, node->value);
  client.relay = std::make_unique<ReplicationRelay>(parts_, client, *node, std::move(key), pools_.target_of(*node),
                                                    std::move(facts));
}

void Worker::on_client_bytes(ClientLink& client, Bytes bytes) {
  if (client.relay != nullptr) return client.relay->on_client_bytes(bytes);
  feed(client, session::ClientBytes{bytes});
  pools_.deliver();
}

void Worker::on_client_tick(ClientLink& client) {
  feed(client, session::Tick{});
  pools_.deliver();
}

void Worker::on_client_gone(ClientLink& client, std::string why) {
  if (config_->logs_disconnections) shared_.log.info("client gone s={} why=\"{}\"", client.id().value, why);
  if (client.has_session() && !client.is_closing()) {
    feed(client, session::ClientGone{});
    pools_.deliver();
  }
  client.close_at_once();
}

void Worker::on_client_closed(ClientLink& client) {
  const auto found = clients_.find(client.id());
  if (found == clients_.end()) return;
  if (client.has_session()) {
    const ClientIdentity& who = client.session().identity();
    by_pid_.erase(who.cancel_key.pid);
    if (who.console != ConsoleRole::none) shared_.console_count.fetch_sub(1, std::memory_order_relaxed);
  }
  if (client.relay != nullptr) {
    by_pid_.erase(client.relay->key().pid);
    client.relay->end();
  }
  // A session gives back what it holds before it ends; should it ever not, nobody else may have it.
  while (!client.leases.empty()) return_lease(client, *client.leases.back(), session::LeaseEnd::close);
  if (client.asked != nullptr) pools_.forget(*std::exchange(client.asked, nullptr), client.id());
  if (graveyard_.empty()) reactor_.defer([this] { graveyard_.clear(); });
  graveyard_.push_back(std::move(found->second));
  clients_.erase(found);
  client_count_.fetch_sub(1, std::memory_order_relaxed);
  shared_.client_count.fetch_sub(1, std::memory_order_relaxed);
}

void Worker::on_client_drained(ClientLink& client) {
  if (client.relay != nullptr) client.relay->on_client_drained();
  for (Server* server : client.leases) server->link.resume_reading();
}

ClientLink* Worker::find(SessionId id) {
  const auto found = clients_.find(id);
  return found == clients_.end() ? nullptr : found->second.get();
}

const DatabaseCatalog* Worker::catalog_of(const std::string& name) {
  const std::string database(config_->settings->server_database(name));
  const auto found = catalogs_.find(database);
  if (found != catalogs_.end()) return &found->second;
  return &catalogs_.emplace(database, shared_.hooks.enter_catalog(database)).first->second;
}

}  // namespace howdah
