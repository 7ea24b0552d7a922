#include "tests/support/gateway/session_world.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/overloaded.hpp"

namespace howdah::test {

using namespace session;

World::World(WorldOptions options)
    : options_(std::move(options)),
      parse_cache_(std::make_shared<RoutingOptions>(options_.routing), 1 << 20),
      surroundings_{parse_cache_, catalog_, welcome_cache_, rng_, log_, nullptr} {
  for (const std::int32_t id : {0, 1}) {
    NodeView node;
    node.id = NodeId{id};
    node.weight = id == 0 && options_.has_replica ? 0 : 1;
    node.state = NodeState::up;
    node.role = node.probed_role = id == 0 ? Role::primary : Role::standby;
    node.answers = true;
    node.replayed = node.position = Lsn{100};
    if (id == 0 || options_.has_replica) view_.nodes.push_back(node);
    is_alive_[id] = true;
  }
  view_.primary = kPrimary;
  view_.epoch = Epoch{1};
  surroundings_.tell_login_change = [this](const LoginChange& change) { login_changes.push_back(change); };
  publish();
}

World::~World() = default;

void World::publish() {
  ++view_.version;
  view_.primary_sample = PrimarySample{now_, Lsn{100}};
  surroundings_.view = std::make_shared<const ClusterView>(view_);
  for (std::size_t id = 0; id < clients_.size(); ++id) event(id, ViewChanged{});
}

std::size_t World::add_client(std::vector<std::pair<std::string, std::string>> parameters, std::string user) {
  ClientIdentity identity;
  identity.id = SessionId{clients_.size() + 1};
  identity.database = "db";
  identity.user = std::move(user);
  const auto startup = startup_settings_of(parameters);
  identity.settings = startup->carried;
  identity.own_settings = *session_settings_of(startup->own);
  if (const std::string* name = find_setting(identity.settings.get(), "application_name")) identity.application_name = *name;
  identity.cancel_key = {1, "abcd"};
  clients_.push_back(std::make_unique<Client>());
  clients_.back()->session = std::make_unique<Session>(std::move(identity), options_.session, surroundings_);
  event(clients_.size() - 1, LoggedIn{});
  return clients_.size() - 1;
}

void World::problem(std::string text) { problems_.push_back(std::move(text)); }

void World::send(std::size_t id, std::string_view bytes) {
  while (!bytes.empty()) {
    // A buffer of its own, as the worker's: nothing may refer to it later.
    const std::string piece(bytes.substr(0, options_.chunk));
    bytes.remove_prefix(piece.size());
    event(id, ClientBytes{as_bytes(piece)});
  }
}

void World::event(std::size_t id, const Event& event) {
  if (clients_[id]->closed) return;
  Actions<Action> actions;
  clients_[id]->session->on(event, now_, actions);
  perform(id, actions);
}

void World::close_client(std::size_t id) {
  event(id, ClientGone{});
}

World::Connection* World::connection_of(const Backend* backend) {
  for (const auto& connection : connections_)
    if (&connection->backend == backend) return connection.get();
  return nullptr;
}

void World::perform(std::size_t id, Actions<Action>& actions) {
  Client& who = *clients_[id];
  for (Action& action : actions) {
    if (who.closed) problem("an action after CloseClient");
    std::visit(Overloaded{
                   [&](const ToClient& a) {
                     most_held_bytes = std::max(most_held_bytes, a.bytes.size());
                     who.received.append(a.bytes.data(), a.bytes.size());
                   },
                   [&](const ToServer& a) {
                     Connection* connection = connection_of(a.backend);
                     if (connection == nullptr || connection->holder != id) return problem("bytes for a connection not held");
                     most_held_bytes = std::max(most_held_bytes, a.bytes.size());
                     connection->server.receive(a.bytes, connection->output);
                   },
                   [&](const WantLease& a) { wishes_.push_back({id, a.node}); },
                   [&](const ForgetLease&) { std::erase_if(wishes_, [&](const Wish& w) { return w.client == id; }); },
                   [&](const ReturnLease& a) { give_back(id, a.backend, a.end); },
                   [&](const AskLocal& a) { who.asked.push_back(a.command); },
                   [](const WithdrawLocal&) {},
                   [&](const LookUpCommit& a) { who.doubt = a.doubt, who.is_fate_awaited = true; },
                   [&](const ReportNode& a) { reports.push_back(a.node); },
                   [&](const SendCancel&) { ++cancels; },
                   [&](const WantPosition&) { is_position_wanted_ = true; },
                   [&](const CloseClient& a) { who.closed = a.reason; },
               },
               action);
  }
}

void World::give_back(std::size_t id, Backend* backend, LeaseEnd end) {
  Connection* connection = connection_of(backend);
  if (connection == nullptr || connection->holder != id) return problem("a connection returned that was not held");
  connection->holder.reset();
  if (end == LeaseEnd::close) return drop(connection);
  if (!backend->is_reusable()) problem("returned as reusable, but is not");
  if (!connection->output.empty()) problem("returned while the server still answers");
  if (connection->server.status != 'I') problem("returned inside a transaction");
  if (end == LeaseEnd::clean) {
    std::map<std::string, std::string> applied;
    for (const CarriedSetting& one : backend->applied ? backend->applied->values : std::vector<CarriedSetting>{}) {
      std::string value = one.value;
      if (one.is_list) std::erase(value, '"');
      applied[one.name] = value;
    }
    if (connection->server.settings != applied) problem("returned with settings of its last user");
    return;
  }
  connection->is_resetting = true;
  const std::string reset = backend->begin_reset(options_.session.server_reset_query);
  connection->server.receive(as_bytes(reset), connection->output);
}

void World::drop(Connection* connection) {
  for (const std::string& sql : connection->server.log) old_logs_.emplace_back(connection->backend.node(), sql);
  std::erase_if(connections_, [&](const auto& c) { return c.get() == connection; });
}

bool World::grant_one() {
  for (std::size_t i = 0; i < wishes_.size(); ++i) {
    const Wish wish = wishes_[i];
    if (!is_alive_[wish.node.value]) {
      wishes_.erase(wishes_.begin() + static_cast<std::ptrdiff_t>(i));
      event(wish.client, LeaseRefused{wish.node, Error{ErrorCode::backend_connection_lost, "refused"}, {}});
      return true;
    }
    Connection* free = nullptr;
    std::size_t count = 0;
    for (const auto& connection : connections_) {
      if (connection->backend.node() != wish.node) continue;
      ++count;
      if (!connection->holder && !connection->is_resetting) free = connection.get();
    }
    if (free == nullptr && count < options_.connections_per_node) {
      connections_.push_back(std::make_unique<Connection>(wish.node != view_.primary));
      free = connections_.back().get();
      free->server.is_closed = is_closed_[wish.node.value];
      free->backend.id = BackendId{next_backend_++};
      free->backend.key = {"db", "u", wish.node};
      free->backend.reported.set("server_version", "15.1");
      free->backend.reported.set("timezone", "");
    }
    if (free == nullptr) continue;
    wishes_.erase(wishes_.begin() + static_cast<std::ptrdiff_t>(i));
    free->holder = wish.client;
    event(wish.client, LeaseGranted{&free->backend});
    return true;
  }
  return false;
}

bool World::deliver_one() {
  for (std::size_t i = 0; i < connections_.size(); ++i) {
    Connection& connection = *connections_[(turn_ + i) % connections_.size()];
    if (connection.output.empty()) {
      if (connection.server.is_dead && connection.holder) {
        const std::size_t holder = *connection.holder;
        event(holder, ServerGone{&connection.backend, NodeFailure::closed});
        drop(&connection);
        return true;
      }
      continue;
    }
    ++turn_;
    // Up to one message, so that a test can stop between any two.
    std::size_t count = connection.output.size();
    if (count >= 5) count = std::min<std::size_t>(count, std::size_t{load_u32(connection.output.data() + 1)} + 1);
    if (options_.is_whole_answers) count = connection.output.size();
    const std::string piece = connection.output.substr(0, std::min(count, options_.chunk));
    connection.output.erase(0, piece.size());
    if (connection.holder) {
      event(*connection.holder, ServerBytes{&connection.backend, as_bytes(piece)});
    } else {
      const BackendHealth health = connection.backend.absorb(as_bytes(piece));
      if (health == BackendHealth::broken) problem("a reset failed");
      if (health == BackendHealth::settled) connection.is_resetting = false;
    }
    return true;
  }
  return false;
}

bool World::tell_fate() {
  for (std::size_t id = 0; id < clients_.size(); ++id) {
    if (!std::exchange(clients_[id]->is_fate_awaited, false)) continue;
    event(id, CommitFate{fate});
    return true;
  }
  return false;
}

void World::cancel_at_commit(int times) {
  for (const auto& connection : connections_) connection->server.cancels_at_commit = times;
}

void World::die_at_commit() {
  for (const auto& connection : connections_) connection->server.dies_at_commit = true;
}

bool World::step() {
  if (deliver_one() || grant_one() || tell_fate()) return true;
  if (!std::exchange(is_position_wanted_, false)) return false;
  now_ += 1ms;
  publish();
  return true;
}

void World::run() {
  constexpr int kMany = 1'000'000;
  for (int i = 0; i < kMany; ++i)
    if (!step()) return;
  problem("it never ends");
}

bool World::kill_backend_of(std::size_t id) {
  for (const auto& connection : connections_) {
    if (connection->holder != id) continue;
    Connection* dead = connection.get();
    event(id, ServerGone{&dead->backend, NodeFailure::reset});
    drop(dead);
    return true;
  }
  return false;
}

void World::kill_node(NodeId node) {
  is_alive_[node.value] = false;
  while (true) {
    const auto found = std::find_if(connections_.begin(), connections_.end(),
                                    [&](const auto& c) { return c->backend.node() == node; });
    if (found == connections_.end()) break;
    Connection* dead = found->get();
    if (dead->holder) event(*dead->holder, ServerGone{&dead->backend, NodeFailure::closed});
    drop(dead);
  }
}

void World::revive_node(NodeId node) { is_alive_[node.value] = true; }

void World::close_node(NodeId node, bool is_closed) {
  is_closed_[node.value] = is_closed;
  for (const auto& connection : connections_)
    if (connection->backend.node() == node) connection->server.is_closed = is_closed;
}

void World::set_primary(std::optional<NodeId> primary) {
  view_.primary = primary;
  for (NodeView& node : view_.nodes) {
    node.state = is_alive_[node.id.value] ? NodeState::up : NodeState::down;
    node.role = node.probed_role = node.id == primary ? Role::primary : Role::standby;
  }
  for (const auto& connection : connections_) connection->server.is_replica = connection->backend.node() != primary;
  publish();
}

void World::pass(Duration time) {
  now_ += time;
  for (std::size_t id = 0; id < clients_.size(); ++id) {
    const auto deadline = clients_[id]->session->next_deadline();
    if (deadline && *deadline <= now_) event(id, Tick{});
  }
}

int World::writes() const {
  int count = 0;
  for (const auto& connection : connections_) count += connection->server.writes;
  return count;
}

std::size_t World::leased_count() const {
  return static_cast<std::size_t>(std::count_if(connections_.begin(), connections_.end(),
                                                [](const auto& c) { return c->holder.has_value(); }));
}

std::vector<std::string> World::node_log(NodeId node) const {
  std::vector<std::string> log;
  for (const auto& [id, sql] : old_logs_)
    if (id == node) log.push_back(sql);
  for (const auto& connection : connections_)
    if (connection->backend.node() == node) log.insert(log.end(), connection->server.log.begin(), connection->server.log.end());
  return log;
}

}  // namespace howdah::test
