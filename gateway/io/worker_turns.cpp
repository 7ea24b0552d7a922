#include <algorithm>
#include <utility>

#include "base/overloaded.hpp"
#include "gateway/io/replication_relay.hpp"
#include "gateway/io/worker.hpp"

namespace howdah {

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
  tell_when_quiet();
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

// ---- of several sessions

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

template <typename Wanted>
std::size_t Worker::end_replication(Wanted&& is_wanted) {
  std::vector<ClientLink*> meant;
  for (const auto& [id, client] : clients_)
    if (client->relay != nullptr && !client->is_closing() && is_wanted(*client)) meant.push_back(client.get());
  for (ClientLink* client : meant) client->close_after_flush();
  return meant.size();
}

void Worker::set_catalog(std::string database, CatalogFactsPtr facts) {
  reactor_.post([this, database = std::move(database), facts = std::move(facts)] {
    // Who enters later gets the newest then.
    if (const auto found = catalogs_.find(database); found != catalogs_.end()) found->second.facts = facts;
    feed_all(session::ViewChanged{}, [&](const Session& session) {
      return session.pin_reason() == PinReason::opaque && config_->settings->server_database(session.identity().database) == database;
    });
  });
}

void Worker::adopt_view(const ClusterViewPtr& view) {
  if (surroundings_.view->epoch != view->epoch) welcome_cache_.clear();
  surroundings_.view = view;
  pools_.set_view(view);
  for (auto& [number, asker] : secrets_) asker->set_view(view);
  end_replication([&](const ClientLink& client) {
    const NodeView* node = view->find(client.relay->node());
    return node == nullptr || !node->is_usable();
  });
  feed_all(session::ViewChanged{}, [](const Session& session) {
    return session.state() == SessionState::waiting_primary || session.state() == SessionState::waiting_lease ||
           session.state() == SessionState::starting;
  });
}

bool Worker::is_quiet() const {
  const auto may_not_have_begun = [primary = surroundings_.view->primary](const Server* server) {
    return server->node() == primary && !server->ledger.is_empty() && server->ledger.status() == TransactionStatus::idle;
  };
  return std::none_of(clients_.begin(), clients_.end(), [&](const auto& entry) {
    const auto& leases = entry.second->leases;
    return std::any_of(leases.begin(), leases.end(), may_not_have_begun);
  });
}

void Worker::tell_when_quiet() {
  if (when_quiet_ && is_quiet()) std::exchange(when_quiet_, nullptr)();
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
    count += end_replication([&](const ClientLink& client) {
      return eviction.concerns(client.id(), client.relay->database());
    });
    then(count);
  });
}

void Worker::end_sessions() {
  reactor_.post([this] {
    feed_all(session::ShutDown{}, [](const Session&) { return true; });
    end_replication([](const ClientLink&) { return true; });
  });
}

}  // namespace howdah
