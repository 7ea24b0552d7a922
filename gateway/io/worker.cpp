#include "gateway/io/worker.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/overloaded.hpp"
#include "gateway/io/random.hpp"
#include "gateway/login/cancel.hpp"

namespace howdah {

namespace {

constexpr std::size_t kBufferSize = 128 * 1024;
// Beyond so many unsent bytes towards one side, the other side is not read.
constexpr std::size_t kMostUnsent = 256 * 1024;
constexpr std::size_t kWelcomes = 1000;

}  // namespace

Worker::Worker(WorkerId id, WorkersShared& shared, WorkerConfigPtr config, std::uint64_t seed)
    : id_(id),
      shared_(shared),
      config_(std::move(config)),
      buffer_(kBufferSize),
      parts_{reactor_, shared.resolver, shared.log, buffer_},
      rng_(seed),
      parse_cache_(config_->routing, config_->parse_cache_size),
      catalog_(id.value, config_->catalog_size),
      welcome_cache_(kWelcomes),
      surroundings_{parse_cache_, catalog_, welcome_cache_, rng_, shared.log, std::make_shared<ClusterView>()},
      pools_(id, parts_, *this, shared.budget, config_),
      secrets_(parts_, config_),
      next_session_(std::uint64_t{id.value} << 48 | 1),
      started_at_(wall_now()) {
  surroundings_.statement_log = config_->statement_log;
  surroundings_.catalog_of = [this](const std::string& database) { return catalog_of(database); };
  surroundings_.settings = config_->settings;
  surroundings_.statistics.set_capacity(config_->tracked_statements);
  surroundings_.schema_changes = shared.schema_changes;
  surroundings_.writes = &shared_.writes;
  surroundings_.writer = id_.value;
  surroundings_.clock = monotonic_now;
  surroundings_.console_version = config_->console_version;
  shared_.budget.attach(id_, reactor_,
                        [this](const PoolKey& key, const BudgetNews& news) { pools_.on_budget_news(key, news); });
}

Worker::~Worker() { stop(); }

void Worker::start() {
  thread_ = std::thread([this] {
    thread_id_ = ::gettid();
    reactor_.run();
  });
}

void Worker::stop() {
  if (!thread_.joinable()) return;
  reactor_.stop();
  thread_.join();
}

// ---- from any thread

void Worker::give_client(Accepted accepted) {
  client_count_.fetch_add(1, std::memory_order_relaxed);
  shared_.client_count.fetch_add(1, std::memory_order_relaxed);
  // A function object must be copyable, and a socket is not.
  auto shared = std::make_shared<Accepted>(std::move(accepted));
  reactor_.post([this, shared] { admit(std::move(*shared)); });
}

void Worker::give_server(MovedServer moved) {
  auto shared = std::make_shared<MovedServer>(std::move(moved));
  reactor_.post([this, shared] { pools_.adopt(std::move(*shared)); });
}

void Worker::cancel(wire::CancelKey key, std::function<void()> then) {
  reactor_.post([this, key = std::move(key), then = std::move(then)] {
    const auto found = by_pid_.find(key.pid);
    ClientLink* client = found == by_pid_.end() ? nullptr : find(found->second);
    const bool is_theirs =
        client != nullptr && client->has_session() && login::is_same_key(client->session().identity().cancel_key, key);
    if (!is_theirs) return then();
    client->cancel_waiters.push_back(then);
    feed(*client, session::CancelAsked{});
    pools_.deliver();
    // Where nothing was running there is nothing to wait for.
    for (auto& waiter : std::exchange(client->cancel_waiters, {})) waiter();
  });
}

void Worker::set_config(WorkerConfigPtr config) {
  reactor_.post([this, config = std::move(config)] {
    config_ = config;
    surroundings_.statement_log = config_->statement_log;
    surroundings_.settings = config_->settings;
    surroundings_.statistics.set_capacity(config_->tracked_statements);
    surroundings_.console_version = config_->console_version;
    parse_cache_.adopt(config_->routing);
    welcome_cache_.clear();
    pools_.set_config(config_);
    secrets_.set_config(config_);
  });
}

void Worker::set_view(ClusterViewPtr view) {
  reactor_.post([this, view = std::move(view)] { adopt_view(view); });
}

void Worker::set_orders(StandingOrdersPtr orders, std::function<void()> then) {
  reactor_.post([this, orders = std::move(orders), then = std::move(then)] {
    const bool was_suspended = orders_->is_suspended;
    orders_ = orders;
    pools_.set_orders(orders);
    for (const auto& [id, client] : clients_)
      if (was_suspended != orders_->is_suspended && client->has_session() && !client->is_closing()) update_reading(*client);
    then();
  });
}

void Worker::evict(Eviction eviction, std::function<void(std::size_t)> then) {
  reactor_.post([this, eviction = std::move(eviction), then = std::move(then)] {
    std::size_t count = 0;
    const Error told{ErrorCode::protocol_violation, eviction.message};
    feed_all(session::Evicted{told}, [&](const Session& session) {
      const ClientIdentity& who = session.identity();
      const bool is_spared = who.console != ConsoleRole::none && !eviction.client;
      const bool is_meant = !is_spared && eviction.concerns(who.id, who.database);
      count += is_meant ? 1 : 0;
      return is_meant;
    });
    then(count);
  });
}

void Worker::set_catalog(std::string database, CatalogFactsPtr facts) {
  reactor_.post([this, database = std::move(database), facts = std::move(facts)] {
    // Who enters later gets the newest then.
    if (const auto found = catalogs_.find(database); found != catalogs_.end()) found->second.facts = facts;
  });
}

void Worker::end_sessions() {
  reactor_.post([this] { feed_all(session::ShutDown{}, [](const Session&) { return true; }); });
}

void Worker::forget_statements() {
  reactor_.post([this] { surroundings_.statistics.clear(); });
}

void Worker::inspect(std::function<void(const Worker&)> look) {
  reactor_.post([this, look = std::move(look)] { look(*this); });
}

// ---- clients

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
    return Error{ErrorCode::too_many_clients, "sorry, too many clients already"};
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

void Worker::find_secret(ClientLink& client) {
  secrets_.ask(client.startup().user, [this, id = client.id()](const Result<login::StoredSecret>& secret) {
    if (ClientLink* waiting = find(id)) waiting->on_secret_found(secret);
  });
}

void Worker::distrust_secret(ClientLink& client) { secrets_.forget(client.startup().user); }

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

void Worker::on_logged_in(ClientLink& client) {
  const wire::StartupMessage& startup = client.startup();
  const ConsoleRole console = console_role(client);
  const DatabaseOrders* orders = orders_->find(startup.database);
  if (console == ConsoleRole::none && orders != nullptr && orders->is_disabled)
    return client.refuse({ErrorCode::protocol_violation, "database \"" + startup.database + "\" is disabled",
                          {}, "ENABLE in the console lets clients in again."});
  if (console == ConsoleRole::none && config_->console.is_console(startup.database))
    return client.refuse({ErrorCode::protocol_violation, "not allowed", {},
                          "Only users in admin_users and stats_users may use the console."});
  if (startup.replication != wire::Replication::none)
    return client.refuse({ErrorCode::feature_not_supported, "replication connections are not supported",
                          {}, "Connect to the server directly."});
  auto parameters = startup.parameters;
  if (!startup.options.empty()) parameters.emplace_back("options", startup.options);
  auto settings = startup_settings_of(parameters);
  if (!settings) return client.refuse(settings.error());
  auto own_settings = session_settings_of(settings->own);
  if (!own_settings) return client.refuse(own_settings.error());
  const auto name = std::find_if(parameters.begin(), parameters.end(),
                                 [](const auto& entry) { return entry.first == "application_name"; });
  std::array<char, login::kLongSecretSize> random{};
  fill_random(random);
  ClientIdentity identity;
  identity.id = client.id();
  identity.database = startup.database;
  identity.user = startup.user;
  identity.settings = std::move(settings->carried);
  identity.own_settings = *own_settings;
  if (name != parameters.end()) identity.application_name = name->second;
  identity.cancel_key = login::make_client_key(id_.value, ++next_serial_, random, startup.spoken);
  identity.console = console;
  by_pid_[identity.cancel_key.pid] = client.id();
  ++clients_served_;
  if (console == ConsoleRole::none)
    pools_.remember_credential(startup.user, client.credential());
  else
    shared_.console_count.fetch_add(1, std::memory_order_relaxed);
  if (config_->logs_connections)
    shared_.log.info("client logged in s={} user=\"{}\" db=\"{}\"", client.id().value, startup.user, startup.database);
  const std::string early = client.start_session(std::move(identity), surroundings_);
  feed(client, session::LoggedIn{});
  if (!early.empty() && !client.is_closing()) feed(client, session::ClientBytes{as_bytes(early)});
  pools_.deliver();
}

void Worker::on_client_bytes(ClientLink& client, Bytes bytes) {
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
  for (Server* server : client.leases) server->link.resume_reading();
}

ClientLink* Worker::find(SessionId id) {
  const auto found = clients_.find(id);
  return found == clients_.end() ? nullptr : found->second.get();
}

const DatabaseCatalog* Worker::catalog_of(const std::string& database) {
  const auto found = catalogs_.find(database);
  if (found != catalogs_.end()) return &found->second;
  return &catalogs_.emplace(database, shared_.hooks.enter_catalog(database)).first->second;
}

// ---- servers

void Worker::on_granted(SessionId session, Server& server) {
  ClientLink* client = find(session);
  if (client == nullptr || client->is_closing()) return pools_.give_back(server, session::LeaseEnd::clean);
  client->asked = nullptr;
  client->leases.push_back(&server);
  server.lessee = client;
  server.user_connected_at = client->connected_at();
  ++server.uses;
  feed(*client, session::LeaseGranted{&server});
}

void Worker::on_refused(SessionId session, session::LeaseRefused refusal) {
  ClientLink* client = find(session);
  if (client == nullptr || client->is_closing()) return;
  client->asked = nullptr;
  feed(*client, refusal);
}

void Worker::on_server_bytes(Server& server, Bytes bytes) {
  feed(*server.lessee, session::ServerBytes{&server, bytes});
  pools_.deliver();
}

void Worker::on_server_gone(Server& server, NodeFailure failure) {
  ClientLink& client = *server.lessee;
  std::erase(client.leases, &server);
  feed(client, session::ServerGone{&server, failure});
}

void Worker::on_server_drained(Server& server) {
  if (server.lessee != nullptr) update_reading(*server.lessee);
}

void Worker::report(NodeId node, NodeFailure failure, const std::string& why) {
  shared_.hooks.report(node, failure, why);
}

void Worker::seen(NodeId node) { shared_.hooks.seen(node); }

void Worker::hand_over(WorkerId to, MovedServer moved) { shared_.hooks.hand_over(to, std::move(moved)); }

void Worker::adopt_view(const ClusterViewPtr& view) {
  if (surroundings_.view->epoch != view->epoch) welcome_cache_.clear();
  surroundings_.view = view;
  pools_.set_view(view);
  secrets_.set_view(view);
  feed_all(session::ViewChanged{}, [](const Session& session) {
    return session.state() == SessionState::waiting_primary || session.state() == SessionState::waiting_lease ||
           session.state() == SessionState::starting;
  });
}

// ---- a session's turn

template <typename Wanted>
void Worker::feed_all(const session::Event& event, Wanted&& is_wanted) {
  std::vector<SessionId> ids;
  for (const auto& [id, client] : clients_)
    if (client->has_session() && !client->is_closing() && is_wanted(client->session())) ids.push_back(id);
  for (const SessionId id : ids) {
    ClientLink* client = find(id);
    if (client == nullptr || client->is_closing()) continue;
    feed(*client, event);
    pools_.deliver();
  }
}

void Worker::feed(ClientLink& client, const session::Event& event) {
  Session& session = client.session();
  session.on(event, reactor_.now(), actions_);
  for (const session::Action& action : actions_) act(client, action);
  actions_.clear();
  flush_server(client);
  flush_client(client);
  if (client.is_closing()) return;
  client.set_deadline(session.next_deadline());
  update_reading(client);
}

void Worker::act(ClientLink& client, const session::Action& action) {
  std::visit(Overloaded{[&](const session::ToClient& to) { to_client_.push_back(to.bytes); },
                        [&](const session::ToServer& to) {
                          auto* server = static_cast<Server*>(to.backend);
                          if (server != server_in_hand_) flush_server(client);
                          server_in_hand_ = server;
                          to_server_.push_back(to.bytes);
                        },
                        [&](const session::WantLease& wanted) { act_on_lease(client, wanted); },
                        [&](const session::ForgetLease&) {
                          if (client.asked != nullptr) pools_.forget(*std::exchange(client.asked, nullptr), client.id());
                        },
                        [&](const session::ReturnLease& returned) {
                          flush_server(client);
                          return_lease(client, *static_cast<Server*>(returned.backend), returned.end);
                        },
                        [&](const session::AskLocal& question) { ask_local(client, question); },
                        [&](const session::WithdrawLocal&) { shared_.hooks.withdraw_local(client.id()); },
                        [&](const session::LookUpCommit& wanted) { look_up(client, wanted); },
                        [&](const session::ReportNode& seen) { shared_.hooks.report(seen.node, seen.failure, {}); },
                        [&](const session::SendCancel& wanted) {
                          flush_server(client);
                          auto waiters = std::exchange(client.cancel_waiters, {});
                          pools_.cancel(*static_cast<Server*>(wanted.backend), [waiters = std::move(waiters)] {
                            for (const auto& waiter : waiters) waiter();
                          });
                        },
                        [&](const session::WantPosition&) { shared_.hooks.want_position(); },
                        [&](const session::CloseClient& close) {
                          flush_server(client);
                          flush_client(client);
                          if (config_->logs_disconnections)
                            shared_.log.info("client closed s={} reason={}", client.id().value, name_of(close.reason));
                          client.close_after_flush();
                        }},
             action);
}

void Worker::act_on_lease(ClientLink& client, const session::WantLease& wanted) {
  PoolEntry* entry = nullptr;
  for (PoolEntry* known : client.pools)
    if (known->key.node == wanted.node) entry = known;
  if (entry == nullptr) {
    const ClientIdentity& who = client.session().identity();
    entry = &pools_.entry_of(who.database, who.user, wanted.node);
    client.pools.push_back(entry);
  }
  client.asked = entry;
  pools_.ask(*entry, client.id());
}

void Worker::return_lease(ClientLink& client, Server& server, session::LeaseEnd end) {
  std::erase(client.leases, &server);
  pools_.give_back(server, end);
}

void Worker::ask_local(const ClientLink& client, const session::AskLocal& question) {
  const ClientIdentity& who = client.session().identity();
  auto then = [this, id = client.id()](Result<TextTable> answer) {
    reactor_.post([this, id, answer = std::move(answer)] {
      ClientLink* asker = find(id);
      if (asker == nullptr || asker->is_closing()) return;
      feed(*asker, session::LocalAnswer{answer});
      pools_.deliver();
    });
  };
  shared_.hooks.ask_local({client.id(), question.command, who.user, who.database, client.session().load_balance_node(),
                           question.settings, who.console},
                          std::move(then));
}

void Worker::look_up(const ClientLink& client, const session::LookUpCommit& wanted) {
  auto then = [this, id = client.id()](CommitOutcome outcome) {
    reactor_.post([this, id, outcome] {
      ClientLink* asker = find(id);
      if (asker == nullptr || asker->is_closing()) return;
      feed(*asker, session::CommitFate{outcome});
      pools_.deliver();
    });
  };
  shared_.hooks.look_up(wanted.doubt, wanted.limit, std::move(then));
}

void Worker::flush_client(ClientLink& client) {
  if (to_client_.empty()) return;
  client.write(to_client_);
  to_client_.clear();
  if (client.unsent() > kMostUnsent)
    for (Server* server : client.leases) server->link.pause_reading();
}

void Worker::flush_server(ClientLink&) {
  if (to_server_.empty()) return;
  server_in_hand_->link.write(to_server_);
  to_server_.clear();
  server_in_hand_ = nullptr;
}

void Worker::update_reading(ClientLink& client) {
  bool wanted = client.session().wants_client_bytes();
  if (orders_->is_suspended) wanted = wanted && client.session().identity().console != ConsoleRole::none;
  for (const Server* server : client.leases) wanted = wanted && server->link.unsent() <= kMostUnsent;
  client.set_reading(wanted);
}

}  // namespace howdah
