#include "gateway/io/worker.hpp"

#include <unistd.h>

#include "base/io/clock.hpp"
#include "gateway/io/replication_relay.hpp"
#include "gateway/login/cancel.hpp"

namespace howdah {

namespace {

constexpr std::size_t kBufferSize = 128 * 1024;
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
      next_session_(std::uint64_t{id.value} << 48 | 1),
      started_at_(wall_now()) {
  surroundings_.statement_log = config_->statement_log;
  surroundings_.catalog_of = [this](const std::string& database) { return catalog_of(database); };
  surroundings_.is_wanted = [this](const Backend& backend) {
    return pools_.is_wanted(static_cast<const Server&>(backend));
  };
  surroundings_.settings = config_->settings;
  surroundings_.statistics.set_capacity(config_->tracked_statements);
  surroundings_.schema_changes = shared.schema_changes;
  surroundings_.waiting_room = shared.waiting_room;
  surroundings_.sequence_readers = shared.sequence_readers;
  surroundings_.writes = &shared_.writes;
  surroundings_.writer = id_.value;
  surroundings_.clock = monotonic_now;
  surroundings_.console_version = config_->console_version;
  surroundings_.tell_login_change = shared_.hooks.login_changed;
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
    if (client != nullptr && client->relay != nullptr)
      return login::is_same_key(client->relay->key(), key) ? client->relay->cancel(config_->cancel_wait_timeout, then) : then();
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
    for (auto& [number, asker] : secrets_) asker->set_config(config_);
  });
}

void Worker::set_view(ClusterViewPtr view, std::function<void()> taken, std::function<void()> quiet) {
  reactor_.post([this, view = std::move(view), taken = std::move(taken), quiet = std::move(quiet)] {
    adopt_view(view);
    taken();
    when_quiet_ = view->is_switching ? quiet : nullptr;
    tell_when_quiet();
  });
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

void Worker::take_login_change(const LoginChange& change) {
  reactor_.post([this, change] {
    welcome_cache_.clear();
    for (auto& [number, asker] : secrets_) asker->forget_all();
    pools_.take_login_change(change);
  });
}

void Worker::forget_statements() {
  reactor_.post([this] { surroundings_.statistics.clear(); });
}

void Worker::inspect(std::function<void(const Worker&)> look) {
  reactor_.post([this, look = std::move(look)] { look(*this); });
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
  shared_.heard.note(id_.value, server.node(), reactor_.now());
  feed(*server.lessee, session::ServerBytes{&server, bytes});
  pools_.deliver();
  tell_when_quiet();
}

void Worker::on_server_gone(Server& server, NodeFailure failure) {
  ClientLink& client = *server.lessee;
  std::erase(client.leases, &server);
  feed(client, session::ServerGone{&server, failure});
  tell_when_quiet();
}

void Worker::on_server_drained(Server& server) {
  if (server.lessee != nullptr) update_reading(*server.lessee);
}

void Worker::report(NodeId node, NodeFailure failure, const std::string& why) {
  shared_.hooks.report(node, failure, why);
}

void Worker::seen(NodeId node) { shared_.hooks.seen(node); }

void Worker::hand_over(WorkerId to, MovedServer moved) { shared_.hooks.hand_over(to, std::move(moved)); }

}  // namespace howdah
