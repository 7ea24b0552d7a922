// The pools' half of a SimWorker: as gateway/io/worker_pools.
#include <fmt/format.h>

#include "base/overloaded.hpp"
#include "gateway/pool/node_news.hpp"
#include "gateway/wire/body.hpp"
#include "gateway/wire/client_messages.hpp"
#include "tests/sim/sim_worker.hpp"

namespace howdah::sim {

namespace {

constexpr Duration kConnectTimeout = 5s;  // server_connect_timeout

LeaseReturn to_return(session::LeaseEnd end) {
  switch (end) {
    case session::LeaseEnd::clean: return LeaseReturn::clean;
    case session::LeaseEnd::reset: return LeaseReturn::must_reset;
    case session::LeaseEnd::close: return LeaseReturn::must_close;
  }
  return LeaseReturn::must_close;
}

// The body of an ErrorResponse that refuses a login.
std::string refusal(std::string_view sqlstate, std::string_view message) {
  std::string body;
  for (const auto& [code, text] : {std::pair{'S', std::string_view("FATAL")}, {'V', "FATAL"}, {'C', sqlstate}, {'M', message}}) {
    body.push_back(code);
    append_cstring(body, text);
  }
  body.push_back('\0');
  return body;
}

}  // namespace

SimWorker::PoolEntry& SimWorker::entry_of(NodeId node) {
  auto& entry = entries_[node];
  if (!entry) {
    entry = std::make_unique<PoolEntry>(PoolKey{"db", "app", node}, options_.pool, ids_, log_);
  }
  return *entry;
}

void SimWorker::run(PoolEntry& entry, const PoolEvent& event) {
  Actions<PoolAction> actions;
  ++depth_;
  entry.pool.on(event, world_.now(), crew_.budget.waiting() != entry.pool.ticket_count(), actions);
  for (const PoolAction& action : actions) act(entry, action);
  --depth_;
  wake(entry);
}

void SimWorker::act(PoolEntry& entry, const PoolAction& action) {
  std::visit(Overloaded{[&](const Grant& grant) { outcomes_.push_back({grant.session, &entry, grant.backend}); },
                        [&](const Refuse& refuse) {
                          const bool is_servers_word = refuse.error.code == ErrorCode::backend_login_failed ||
                                                       refuse.error.code == ErrorCode::too_many_clients;
                          outcomes_.push_back({refuse.session, nullptr, {},
                                               {entry.key.node, refuse.error, is_servers_word ? entry.server_error : ""}});
                        },
                        [&](const OpenBackend& wanted) { open(entry, wanted.backend); },
                        [&](const CloseBackend& unwanted) {
                          if (Server* server = find(unwanted.backend)) {
                            std::string goodbye;
                            wire::append_terminate(goodbye);
                            server->link->send_to_server(goodbye);
                            retire(unwanted.backend);
                          }
                          run(entry, BackendLost{unwanted.backend});
                        },
                        [&](const ResetBackend& used) {
                          if (Server* server = find(used.backend))
                            server->link->send_to_server(server->begin_reset(options_.session.server_reset_query));
                        },
                        [&](const CheckBackend& unused) {
                          if (Server* server = find(unused.backend)) server->link->send_to_server(server->begin_check(""));
                        },
                        [&](const HandOver& moved) { move(moved); },
                        [&](const ToBudget& question) { ask_budget(entry, question.request); }},
             action);
}

void SimWorker::ask_budget(PoolEntry& entry, const BudgetRequest& request) {
  Actions<BudgetReply> replies;
  crew_.budget.on(id_, entry.key, request, replies);
  for (const BudgetReply& reply : replies) {
    SimWorker& told = *crew_.workers[reply.worker.value];
    if (&told == this) on_budget_news(reply.key->node, reply.news);
    else world_.after({}, told.mine([&told, node = reply.key->node, news = reply.news] { told.on_budget_news(node, news); }));
  }
}

void SimWorker::on_budget_news(NodeId node, const BudgetNews& news) {
  PoolEntry& entry = entry_of(node);
  std::visit([&](const auto& item) { run(entry, item); }, news);
  deliver();
}

void SimWorker::move(const HandOver& moved) {
  const auto found = servers_.find(moved.backend);
  if (found == servers_.end()) return;
  std::unique_ptr<Server> server = std::move(found->second);
  servers_.erase(found);
  crew_.workers[moved.to.value]->adopt(std::move(server), moved);
}

// From now on what the server says is heard here; the pool is told in a turn of its own.
void SimWorker::adopt(std::unique_ptr<Server> server, const HandOver& moved) {
  const BackendId id = server->id;
  PoolEntry& entry = entry_of(server->node());
  ++world_.universe().happened.moves;
  if (world_.mutant() == Mutant::mixed_up_move)
    for (const auto& [other_id, other] : servers_)
      if (other->applied) server->applied = other->applied;
  server->home = &entry;
  server->link->attach_gateway({mine_bytes(id), mine_gone(id)});
  servers_[id] = std::move(server);
  world_.after({}, mine([this, &entry, arrived = TakenOver{id, moved.opened_at, moved.used_at}, id] {
                 run(entry, arrived);
                 if (find(id) == nullptr) run(entry, BackendLost{id});  // lost on the way
                 deliver();
               }));
}

void SimWorker::wake(PoolEntry& entry) {
  const auto deadline = entry.pool.next_deadline();
  if (!deadline) return;
  const Instant due = std::max(*deadline, world_.now());
  if (entry.wakes_at && *entry.wakes_at <= due) return;
  entry.wakes_at = due;
  world_.at(due, mine([this, &entry, due] {
              if (entry.wakes_at != due) return;
              entry.wakes_at.reset();
              const auto wanted = entry.pool.next_deadline();
              if (!wanted || *wanted > world_.now()) return wake(entry);
              run(entry, PoolTick{});
              deliver();
            }));
}

void SimWorker::deliver() {
  if (is_delivering_ || depth_ > 0) return;
  is_delivering_ = true;
  for (std::size_t i = 0; i < outcomes_.size(); ++i) {
    const Outcome outcome = std::exchange(outcomes_[i], Outcome{.is_void = true});
    if (outcome.is_void) continue;
    Seat* seat = find(outcome.session);
    Server* server = outcome.entry == nullptr ? nullptr : find(outcome.backend);
    if (outcome.entry != nullptr && server == nullptr) {
      run(*outcome.entry, LeaseAsked{outcome.session});  // lost between the grant and now
    } else if (seat == nullptr || seat->is_closing) {
      if (server != nullptr) give_back(*server, session::LeaseEnd::clean);
    } else if (server == nullptr) {
      seat->asked = nullptr;
      feed(*seat, outcome.refusal);
    } else {
      seat->asked = nullptr;
      seat->leases.push_back(server);
      server->lessee = seat;
      feed(*seat, session::LeaseGranted{server});
    }
  }
  outcomes_.clear();
  is_delivering_ = false;
}

void SimWorker::forget(PoolEntry& entry, SessionId session) {
  for (Outcome& outcome : outcomes_) {
    if (outcome.is_void || outcome.session != session) continue;
    outcome.is_void = true;
    if (outcome.entry != nullptr) run(entry, LeaseReturned{outcome.backend, LeaseReturn::clean});
    return;
  }
  run(entry, LeaseForgotten{session});
}

void SimWorker::give_back(Server& server, session::LeaseEnd end) {
  if (world_.mutant() == Mutant::dirty_reuse && end == session::LeaseEnd::close) {
    server.ledger = {};
    server.scanner = wire::FrameScanner{wire::Sender::server};
    server.assembler.clear();
    end = session::LeaseEnd::clean;
  }
  server.lessee = nullptr;
  run(*server.home, LeaseReturned{server.id, to_return(end)});
}

// ---- opening

SimWorker::Server* SimWorker::find(BackendId id) {
  const auto found = servers_.find(id);
  return found == servers_.end() ? nullptr : found->second.get();
}

void SimWorker::open(PoolEntry& entry, BackendId id) {
  auto& server = servers_[id];
  server = std::make_unique<Server>();
  server->id = id;
  server->key = entry.key;
  server->home = &entry;
  server->link = std::make_shared<SimLink>(world_, entry.key.node.value);
  const bool is_reached = world_.is_reachable(entry.key.node.value);
  const Duration takes = is_reached ? world_.node(entry.key.node.value).latency + kLogin : kConnectTimeout;
  world_.after(takes, mine([this, id, link = server->link] { log_in(id, link); }));
}

void SimWorker::log_in(BackendId id, std::shared_ptr<SimLink> link) {
  if (find(id) == nullptr) return;
  const int node = link->node();
  const SimPostgres& server = world_.node(node);
  const Error lost{ErrorCode::backend_connection_lost, "the server cannot be reached"};
  if (!world_.is_reachable(node)) return fail_open(id, lost, "", NodeFailure::reset);
  if (server.life == Life::dead) return fail_open(id, lost, "", NodeFailure::reset);
  if (server.life == Life::frozen)
    return world_.after(kConnectTimeout, mine([this, id] {
                          fail_open(id, {ErrorCode::backend_login_failed, "login timed out"}, "", NodeFailure::reset);
                        }));
  if (!server.answers()) {
    const std::string words = server.life == Life::starting ? "the database system is starting up" : "the database system is in recovery mode";
    return fail_open(id, {ErrorCode::backend_login_failed, words}, refusal("57P03", words), NodeFailure::shut_down);
  }
  if (server.is_full) {
    const std::string words = "sorry, too many clients already";
    return fail_open(id, {ErrorCode::too_many_clients, words}, refusal("53300", words), {});
  }
  const auto process = find(id)->process = SimBackend::start(world_, link);
  link->attach_gateway({mine_bytes(id), mine_gone(id)});
  world_.after(server.latency / 2, mine([this, id, greeting = process->greeting()] { on_open(id, greeting); }));
}

std::function<void(std::string_view)> SimWorker::mine_bytes(BackendId id) {
  return [this, id, life = std::weak_ptr(life_)](std::string_view bytes) {
    if (!life.expired()) on_bytes(id, bytes);
  };
}

std::function<void(NodeFailure)> SimWorker::mine_gone(BackendId id) {
  return [this, id, life = std::weak_ptr(life_)](NodeFailure why) {
    if (life.expired()) return;
    if (const Server* server = find(id); server != nullptr && !server->is_open)
      return fail_open(id, {ErrorCode::backend_connection_lost, "closed during login"}, "", NodeFailure::reset);
    lose(id, why == NodeFailure::timed_out ? NodeFailure::reset : why);  // the socket reports an error
    deliver();
  };
}

void SimWorker::on_open(BackendId id, const wire::ParameterSet& greeting) {
  Server* server = find(id);
  if (server == nullptr) return;
  server->is_open = true;
  server->reported = greeting;
  server->created_at = world_.now();
  server->home->server_error.clear();
  world_.after({}, [this, node = server->node()] { world_.post(health::TrafficSeen{node}); });
  run(*server->home, BackendOpened{id});
  deliver();
}

void SimWorker::fail_open(BackendId id, Error error, std::string server_error, std::optional<NodeFailure> evidence) {
  Server* server = find(id);
  if (server == nullptr) return;
  PoolEntry& entry = *server->home;
  entry.server_error = std::move(server_error);
  if (evidence) report(entry.key.node, *evidence);
  retire(id);
  run(entry, BackendOpenFailed{id, std::move(error)});
  deliver();
}

// ---- while open

void SimWorker::on_bytes(BackendId id, std::string_view bytes) {
  Server* server = find(id);
  if (server == nullptr) return;
  if (server->lessee != nullptr) {
    world_.hear(server->node().value);
    feed(*server->lessee, session::ServerBytes{server, as_bytes(bytes)});
    return deliver();
  }
  const bool was_settled = server->is_reusable();
  switch (server->absorb(as_bytes(bytes))) {
    case BackendHealth::owing: return;
    case BackendHealth::settled:
      if (!was_settled) run(*server->home, ResetDone{id, true});
      break;
    case BackendHealth::broken: lose(id, NodeFailure::shut_down); break;
  }
  deliver();
}

void SimWorker::lose(BackendId id, NodeFailure failure) {
  Server* server = find(id);
  if (server == nullptr) return;
  PoolEntry& entry = *server->home;
  if (Seat* lessee = std::exchange(server->lessee, nullptr)) {
    std::erase(lessee->leases, server);
    feed(*lessee, session::ServerGone{server, failure});
  }
  retire(id);
  run(entry, BackendLost{id});
}

void SimWorker::retire(BackendId id) {
  const auto found = servers_.find(id);
  if (found == servers_.end()) return;
  found->second->link->close_by_gateway();
  const std::shared_ptr<Server> retired = std::move(found->second);
  servers_.erase(found);
  world_.after({}, [retired] {});  // until the end of the turn somebody may look at it
}

void SimWorker::cancel(Server& server) {
  const BackendId id = server.id;
  PoolEntry& entry = *server.home;
  run(entry, CancelStarted{id});
  const int node = server.node().value;
  const bool is_reached = world_.is_reachable(node);
  world_.after(is_reached ? 2 * world_.node(node).latency + kLogin : kConnectTimeout,
               mine([this, &entry, id, process = server.process, is_reached] {
                 if (is_reached && process != nullptr) process->cancel();
                 run(entry, CancelEnded{id});
                 deliver();
               }));
}

// ---- views

void SimWorker::set_view(const ClusterView& before, const ClusterView& after) {
  for (const auto& [node, change] : node_news(before, after)) {
    switch (change) {
      case NodeChange::lost: on_node_down(*after.find(node)); break;
      case NodeChange::back: run(entry_of(node), NodeBack{}); break;
      case NodeChange::may_become_primary: run(entry_of(node), LeasesExpected{kExpectedLeases}); break;
    }
  }
  deliver();
}

void SimWorker::on_node_down(const NodeView& node) {
  std::vector<BackendId> hung;
  for (const auto& [id, server] : servers_)
    if (!node.is_detached && server->node() == node.id && server->lessee != nullptr) hung.push_back(id);
  for (const BackendId id : hung) lose(id, NodeFailure::timed_out);
  const Error error{ErrorCode::no_node, fmt::format("server {} is down", node.id.value)};
  run(entry_of(node.id), PoolDrained{BackendCloseReason::node_lost, error});
}

}  // namespace howdah::sim
