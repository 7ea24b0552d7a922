#include "gateway/io/worker_pools.hpp"

#include <fmt/format.h>

#include "base/io/clock.hpp"
#include "base/overloaded.hpp"
#include "gateway/io/random.hpp"
#include "gateway/pool/node_news.hpp"

namespace howdah {

namespace {

LeaseReturn to_return(session::LeaseEnd end) {
  switch (end) {
    case session::LeaseEnd::clean: return LeaseReturn::clean;
    case session::LeaseEnd::reset: return LeaseReturn::must_reset;
    case session::LeaseEnd::close: return LeaseReturn::must_close;
  }
  return LeaseReturn::must_close;
}

// The server's end watches the connection as ours does: a session that the network has cut off would else keep its
// transaction and locks for hours (manual, "tcp_keepalives_idle"; on Unix-domain sockets they do nothing).
std::vector<std::pair<std::string, std::string>> keepalive_parameters(const TcpOptions& tcp) {
  if (!tcp.keepalive) return {};
  return {{"tcp_keepalives_idle", fmt::format("{}", tcp.keepalive_idle)},
          {"tcp_keepalives_interval", fmt::format("{}", tcp.keepalive_interval)},
          {"tcp_keepalives_count", fmt::format("{}", tcp.keepalive_count)}};
}

// "57P01 admin_shutdown", "57P02 crash_shutdown", "57P03 cannot_connect_now" (manual, appendix A).
bool says_shutdown(const wire::ServerError& error) { return error.view().sqlstate().starts_with("57P0"); }

}  // namespace

WorkerPools::WorkerPools(WorkerId worker, LoopParts& parts, Owner& owner, SharedBudget& budget, WorkerConfigPtr config)
    : worker_(worker),
      parts_(parts),
      owner_(owner),
      budget_(budget),
      config_(std::move(config)),
      view_(std::make_shared<ClusterView>()),
      orders_(std::make_shared<StandingOrders>()),
      ids_(worker) {}

PoolEntry& WorkerPools::entry_of(const std::string& database, const std::string& user, NodeId node) {
  const PoolKey key{database, user, node};
  auto& entry = entries_[key];
  if (entry) return *entry;
  entry = std::make_unique<PoolEntry>(key, options_of(key), ids_, parts_.log, parts_.reactor.timers(),
                                      [this](PoolEntry& due) {
                                        run(due, PoolTick{});
                                        deliver();
                                      });
  PoolEntry& made = *entry;
  apply_orders(made);
  return made;
}

PoolOptions WorkerPools::options_of(const PoolKey& key) const {
  return pool_options_of(*config_->settings, key.database, key.user);
}

void WorkerPools::apply_orders(PoolEntry& entry) {
  const DatabaseOrders own = orders_->of(entry.key.database);
  run(entry, OrdersChanged{own.is_paused, own.retire_before});
}

void WorkerPools::set_orders(StandingOrdersPtr orders) {
  orders_ = std::move(orders);
  for (auto& [key, entry] : entries_) apply_orders(*entry);
  deliver();
}

void WorkerPools::take_login_change(const LoginChange& change) {
  logins_.note(change, monotonic_now(), *view_);
  outdate(change, std::nullopt);
  deliver();
}

// Of one node, or of all.
void WorkerPools::outdate(const LoginChange& change, std::optional<NodeId> node) {
  for (auto& [key, entry] : entries_) {
    const bool is_there = !node || key.node == *node;
    if (!is_there || !change.concerns(key.user, config_->settings->server_database(key.database))) continue;
    run(*entry, OrdersChanged{orders_->of(key.database).is_paused, monotonic_now()});
  }
}

void WorkerPools::run(PoolEntry& entry, const PoolEvent& event) {
  if (actions_.size() == depth_) actions_.emplace_back();
  Actions<PoolAction>& actions = actions_[depth_++];
  entry.pool.on(event, parts_.reactor.now(), budget_.others_wait(entry.pool.ticket_count()), actions);
  for (const PoolAction& action : actions) act(entry, action);
  actions.clear();
  --depth_;
  entry.timer.set(entry.pool.next_deadline());
}

void WorkerPools::act(PoolEntry& entry, const PoolAction& action) {
  std::visit(Overloaded{[&](const Grant& grant) { outcomes_.push_back({grant.session, &entry, grant.backend}); },
                        [&](const Refuse& refusal) {
                          const bool is_servers_word = refusal.error.code == ErrorCode::backend_login_failed ||
                                                       refusal.error.code == ErrorCode::too_many_clients;
                          outcomes_.push_back({refusal.session, nullptr, {},
                                               {entry.key.node, refusal.error,
                                                is_servers_word ? entry.server_error : std::string{}}});
                        },
                        [&](const OpenBackend& wanted) { open(entry, wanted.backend); },
                        [&](const CloseBackend& unwanted) { close(entry, unwanted.backend, unwanted.reason); },
                        [&](const ResetBackend& used) { reset(used.backend); },
                        [&](const CheckBackend& unused) { check(unused.backend); },
                        [&](const HandOver& moved) { move(entry, moved); },
                        [&](const ToBudget& question) { ask_budget(entry, question.request); }},
             action);
}

void WorkerPools::ask_budget(PoolEntry& entry, const BudgetRequest& request) {
  Actions<BudgetReply> replies;
  budget_.on(worker_, entry.key, request, replies);
  for (const BudgetReply& reply : replies) on_budget_news(*reply.key, reply.news);
}

void WorkerPools::on_budget_news(const PoolKey& key, const BudgetNews& news) {
  PoolEntry& entry = entry_of(key.database, key.user, key.node);
  std::visit([&](const auto& item) { run(entry, item); }, news);
  if (depth_ == 0) deliver();
}

void WorkerPools::deliver() {
  if (is_delivering_) return;  // the loop below takes the new ones too
  is_delivering_ = true;
  for (std::size_t i = 0; i < outcomes_.size(); ++i) {
    const Outcome outcome = std::exchange(outcomes_[i], Outcome{.is_void = true});
    if (outcome.is_void) continue;
    if (outcome.entry == nullptr)
      owner_.on_refused(outcome.session, outcome.refusal);
    else if (Server* server = find(outcome.backend))
      owner_.on_granted(outcome.session, *server);
    else  // lost between the grant and now
      run(*outcome.entry, LeaseAsked{outcome.session});
  }
  outcomes_.clear();
  is_delivering_ = false;
}

void WorkerPools::forget(PoolEntry& entry, SessionId session) {
  for (Outcome& outcome : outcomes_) {
    if (outcome.is_void || outcome.session != session) continue;
    outcome.is_void = true;
    if (outcome.entry != nullptr) run(entry, LeaseReturned{outcome.backend, LeaseReturn::clean});
    return;
  }
  run(entry, LeaseForgotten{session});
}

void WorkerPools::give_back(Server& server, session::LeaseEnd end) {
  server.lessee = nullptr;
  server.returned_at = parts_.reactor.now();
  server.link.resume_reading();
  run(*server.home, LeaseReturned{server.id, to_return(end)});
}

bool WorkerPools::is_wanted(const Server& server) const {
  const Pool& pool = server.home->pool;
  const bool is_waited_for = pool.waiting_count() > pool.count(BackendState::connecting) + pool.count(BackendState::checking);
  const bool do_others_wait = budget_.others_wait(pool.ticket_count()) && budget_.has_blocked();
  return is_waited_for || do_others_wait || pool.is_retired(server.id);
}

// ---- opening

void WorkerPools::open(PoolEntry& entry, BackendId id) {
  auto& server = servers_[id];
  server = std::make_unique<Server>(parts_, static_cast<Server::Owner&>(*this), id, &entry);
  server->key = entry.key;
  login::ServerLoginFacts facts = facts_of(entry.key.database, entry.key.user);
  if (const DatabaseSettings* own = config_->settings->find_database(entry.key.database))
    facts.connect_query = own->database_connect_query();
  dial(*server, entry.key.node, std::move(facts));
}

DialTarget WorkerPools::target_of(NodeId node) const {
  const NodeView* found = view_->find(node);
  DialTarget target;
  if (found != nullptr) {
    target.host = found->host;
    target.port = found->port;
  }
  target.timeout = config_->server_connect_timeout;
  target.tcp = config_->server_tcp;
  target.tls = config_->tls_client;
  return target;
}

login::ServerLoginFacts WorkerPools::facts_of(const std::string& database, const std::string& user) {
  login::ServerLoginFacts facts;
  facts.user = user;
  facts.database = config_->settings->server_database(database);
  if (const auto known = credentials_.find(user); known != credentials_.end()) facts.credential = known->second;
  const DatabaseSettings* own = config_->settings->find_database(database);
  if (own != nullptr && own->database_user() == user)
    if (const auto forced = config_->forced_credentials.find(own->number); forced != config_->forced_credentials.end())
      facts.credential = forced->second;
  fill_random(facts.scram_nonce);
  facts.known_keys = &scram_keys_;
  return facts;
}

void WorkerPools::dial(Server& server, NodeId node, login::ServerLoginFacts facts) {
  DialTarget target = target_of(node);
  facts.parameters = keepalive_parameters(target.tcp);
  server.link.open(std::move(target), std::move(facts));
}

void WorkerPools::on_open(Server& server, login::ServerLoginDone done) {
  if (server.home == nullptr) {
    const auto then = std::move(checks_[server.id]);
    checks_.erase(server.id);
    retire(server.id);
    return then(nullptr);
  }
  if (!done.connect_query_error.empty())
    parts_.log.warn("connect query failed node={} db=\"{}\" why=\"{}\"", server.node().value, server.key.database, done.connect_query_error);
  server.cancel_key = std::move(done.key);
  server.reported = std::move(done.parameters);
  server.created_at = parts_.reactor.now();
  server.opened_at = wall_now();
  owner_.seen(server.node());
  server.home->server_error.clear();
  run(*server.home, BackendOpened{server.id});
  deliver();
}

void WorkerPools::on_open_failed(Server& server, OpenFailure failure) {
  if (server.home == nullptr) {
    const auto then = std::move(checks_[server.id]);
    checks_.erase(server.id);
    retire(server.id);
    return then(&failure);
  }
  PoolEntry& entry = *server.home;
  const BackendId id = server.id;
  Error error;
  if (const auto* ours = std::get_if<Error>(&failure.error)) {
    error = *ours;
    if (failure.was_reached) error.code = ErrorCode::backend_login_failed;
    entry.server_error.clear();
    owner_.report(entry.key.node, NodeFailure::reset, to_text(error));
  } else {
    const auto& theirs = std::get<wire::ServerError>(failure.error);
    const bool is_full = theirs.view().sqlstate() == "53300";
    error = {is_full ? ErrorCode::too_many_clients : ErrorCode::backend_login_failed, std::string(theirs.view().message())};
    entry.server_error = theirs.body;
    if (says_shutdown(theirs)) owner_.report(entry.key.node, NodeFailure::shut_down, error.message);
  }
  parts_.log.warn("cannot open server connection node={} db=\"{}\" user=\"{}\" why=\"{}\"", entry.key.node.value,
                  entry.key.database, entry.key.user, to_text(error));
  retire(id);
  run(entry, BackendOpenFailed{id, std::move(error)});
  deliver();
}

void WorkerPools::remember_credential(const std::string& user, const login::ServerCredential& credential) {
  // A client that was let in without a password takes nothing from those that gave one.
  auto& kept = credentials_[user];
  if (!std::holds_alternative<login::NoSecret>(credential)) kept = credential;
}

void WorkerPools::check_password(const std::string& database, const std::string& user,
                                 const login::ServerCredential& credential,
                                 std::function<void(const OpenFailure*)> then) {
  const auto found = checked_.find(user);
  if (found != checked_.end() && found->second.credential == credential &&
      parts_.reactor.now() - found->second.at < config_->auth_cache_lifetime)
    return then(nullptr);
  const NodeView* node = view_->primary_node();
  for (const NodeView& candidate : view_->nodes)
    if (node == nullptr && candidate.is_usable()) node = &candidate;
  if (node == nullptr) {
    const OpenFailure failure{Error{ErrorCode::no_node, "no server is available to check the password"}};
    return then(&failure);
  }
  const BackendId id = ids_.next();
  checks_[id] = [this, user, credential, then = std::move(then)](const OpenFailure* failure) {
    if (failure == nullptr) checked_[user] = {credential, parts_.reactor.now()};
    then(failure);
  };
  auto& server = servers_[id];
  server = std::make_unique<Server>(parts_, static_cast<Server::Owner&>(*this), id, nullptr);
  login::ServerLoginFacts facts = facts_of(database, user);
  facts.credential = credential;
  dial(*server, node->id, std::move(facts));
}

// ---- while open

void WorkerPools::on_bytes(Server& server, Bytes bytes) {
  if (server.lessee != nullptr) {
    owner_.on_server_bytes(server, bytes);
    if (server.is_reusable()) server.link.note_settled();
    return;
  }
  if (server.home == nullptr) return;
  const bool was_settled = server.is_reusable();
  switch (server.absorb(bytes)) {
    case BackendHealth::owing: return;
    case BackendHealth::settled:
      if (!was_settled) run(*server.home, ResetDone{server.id, true});
      break;
    case BackendHealth::broken: lose(server, NodeFailure::shut_down); break;
  }
  deliver();
}

void WorkerPools::on_gone(Server& server, std::string why) {
  if (server.home == nullptr) return;  // its check has ended
  parts_.log.debug("server connection lost b={} node={} why=\"{}\"", server.id.value, server.node().value, why);
  lose(server, why == "end of stream" ? NodeFailure::closed : NodeFailure::reset);
  deliver();
}

void WorkerPools::lose(Server& server, NodeFailure failure) {
  PoolEntry& entry = *server.home;
  const BackendId id = server.id;
  if (server.lessee != nullptr) owner_.on_server_gone(server, failure);
  server.lessee = nullptr;
  retire(id);
  run(entry, BackendLost{id});
}

void WorkerPools::reset(BackendId id) {
  Server* server = find(id);
  if (server == nullptr) return;
  const std::string query = server->begin_reset(config_->session.server_reset_query);
  const Bytes bytes = as_bytes(query);
  server->link.write(std::span(&bytes, 1));
}

void WorkerPools::check(BackendId id) {
  Server* server = find(id);
  if (server == nullptr) return;
  const std::string& wanted = config_->settings->pool.server_check_query();
  const std::string query = server->begin_check(wanted == "<empty>" ? "" : wanted);  // as PgBouncer writes the empty query
  const Bytes bytes = as_bytes(query);
  server->link.write(std::span(&bytes, 1));
}

void WorkerPools::cancel(Server& server, std::function<void()> then) {
  PoolEntry& entry = *server.home;
  const BackendId id = server.id;
  const std::uint64_t number = next_cancel_++;
  run(entry, CancelStarted{id});
  auto ended = [this, &entry, id, number, then = std::move(then)](CancelSender::Outcome outcome) {
    parts_.reactor.defer([this, number] { cancels_.erase(number); });
    run(entry, CancelEnded{id, outcome == CancelSender::Outcome::in_flight});
    if (then) then();
    deliver();
  };
  cancels_[number] = std::make_unique<CancelSender>(parts_, server.link.target(), server.link.has_tls(), server.cancel_key,
                                                    config_->cancel_wait_timeout, std::move(ended));
}

// ---- closing and moving

void WorkerPools::close(PoolEntry& entry, BackendId id, BackendCloseReason reason) {
  if (Server* server = find(id)) {
    parts_.log.debug("server connection closed b={} node={} reason={}", id.value, entry.key.node.value,
                     to_text(reason));
    server->link.close();
    retire(id);
  }
  run(entry, BackendLost{id});
}

void WorkerPools::move(PoolEntry& entry, const HandOver& hand_over) {
  Server* server = find(hand_over.backend);
  if (server == nullptr) return;
  MovedServer moved{std::move(static_cast<Backend&>(*server)), server->link.release(), server->link.target(),
                    hand_over.opened_at, hand_over.used_at, server->opened_at, server->uses};
  moved.backend.id = hand_over.backend;
  moved.backend.key = entry.key;
  retire(hand_over.backend);
  owner_.hand_over(hand_over.to, std::move(moved));
}

void WorkerPools::adopt(MovedServer moved) {
  const BackendId id = moved.backend.id;
  PoolEntry& entry = entry_of(moved.backend.key.database, moved.backend.key.user, moved.backend.key.node);
  auto& server = servers_[id];
  server = std::make_unique<Server>(parts_, static_cast<Server::Owner&>(*this), id, &entry);
  static_cast<Backend&>(*server) = std::move(moved.backend);
  server->opened_at = moved.opened_at_wall;
  server->uses = moved.uses;
  server->link.adopt(std::move(moved.channel), std::move(moved.target));
  run(entry, TakenOver{id, moved.opened_at, moved.used_at});
  deliver();
}

void WorkerPools::retire(BackendId id) {
  const auto found = servers_.find(id);
  if (found == servers_.end()) return;
  if (graveyard_.empty()) parts_.reactor.defer([this] { graveyard_.clear(); });
  graveyard_.push_back(std::move(found->second));
  servers_.erase(found);
}

Server* WorkerPools::find(BackendId id) {
  const auto found = servers_.find(id);
  return found == servers_.end() ? nullptr : found->second.get();
}

void WorkerPools::set_config(WorkerConfigPtr config) {
  const WorkerConfigPtr old = std::exchange(config_, std::move(config));
  for (auto& [key, entry] : entries_) {
    entry->pool.set_settings(options_of(key));
    // It leads elsewhere now.
    if (old->settings->server_database(key.database) == config_->settings->server_database(key.database)) continue;
    run(*entry, OrdersChanged{orders_->of(key.database).is_paused, parts_.reactor.now()});
  }
  deliver();
}

void WorkerPools::set_view(const ClusterViewPtr& view) {
  const ClusterViewPtr old = std::exchange(view_, view);
  for (const auto& [node, change] : node_news(*old, *view)) {
    switch (change) {
      case NodeChange::lost: on_node_down(*view->find(node)); break;
      case NodeChange::back: on_node_back(node); break;
      case NodeChange::may_become_primary: expect_leases(*old->primary, node); break;
    }
  }
  for (const auto& [change, node] : logins_.caught_up(*view)) outdate(change, node);
  deliver();
}

void WorkerPools::on_node_back(NodeId node) {
  for (auto& [key, entry] : entries_)
    if (key.node == node) run(*entry, NodeBack{});
}

void WorkerPools::expect_leases(NodeId old_primary, NodeId node) {
  std::vector<PoolKey> in_use;
  for (const auto& [key, entry] : entries_)
    if (key.node == old_primary && entry->pool.backend_count() > 0) in_use.push_back(key);
  for (const PoolKey& key : in_use) run(entry_of(key.database, key.user, node), LeasesExpected{kExpectedLeases});
}

void WorkerPools::on_node_down(const NodeView& node) {
  // An operator who detaches a node lets running statements end; a node found dead will not end them.
  std::vector<BackendId> hung;
  for (const auto& [id, server] : servers_)
    if (!node.is_detached && server->home != nullptr && server->node() == node.id && server->lessee != nullptr)
      hung.push_back(id);
  for (const BackendId id : hung)
    if (Server* server = find(id)) lose(*server, NodeFailure::timed_out);
  const Error error{ErrorCode::no_node, fmt::format("server {} is down", node.id.value)};
  for (auto& [key, entry] : entries_)
    if (key.node == node.id) run(*entry, PoolDrained{BackendCloseReason::node_lost, error});
}

void WorkerPools::drain(BackendCloseReason reason, const Error& error) {
  for (auto& [key, entry] : entries_) run(*entry, PoolDrained{reason, error});
  deliver();
}

}  // namespace howdah
