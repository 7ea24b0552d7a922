// Several workers with their pools, one budget, and simulated server connections, in one thread: what the shell does,
// as little as it can be. Messages between workers wait in inboxes until the test delivers them, so that every order is
// possible. Checks after every event what must always hold.
#pragma once

#include "gateway/pool/budget.hpp"
#include "gateway/pool/pool.hpp"

#include <catch2/catch.hpp>

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <variant>
#include <vector>

namespace howdah {

inline const PoolKey kShop{"shop", "ann", NodeId{0}};

struct PoolWorld {
  enum class Link { opening, open, resetting, closing, moving };
  struct Server {
    std::uint16_t worker;
    PoolKey key;
    Link link = Link::opening;
    std::optional<SessionId> session = {};
    int cancels = 0;
  };
  enum class Fate { waiting, granted, refused, forgotten };
  struct Client {
    std::uint16_t worker;
    PoolKey key;
    Instant since;
    Fate fate = Fate::waiting;
    BackendId backend = {};
    Error error = {};
  };
  struct Moved {
    PoolKey key;
    TakenOver event;
  };
  using Letter = std::variant<BudgetReply, Moved>;
  struct Worker {
    BackendIds ids;
    std::map<PoolKey, Pool> pools = {};
    std::deque<Letter> inbox = {};
  };

  using OptionsOf = std::function<PoolOptions(const PoolKey&)>;

  PoolWorld(std::size_t worker_count, const PoolOptions& with) : PoolWorld(worker_count, [with](const PoolKey&) { return with; }) {}
  PoolWorld(std::size_t worker_count, OptionsOf options)
      : options_of(std::move(options)), budget([of = options_of](const PoolKey& key) { return of(key).limits; }) {
    for (std::size_t i = 0; i < worker_count; ++i)
      workers.push_back(Worker{.ids = BackendIds(WorkerId{static_cast<std::uint16_t>(i)})});
  }

  // ---- what the test does

  SessionId ask(std::uint16_t worker, const PoolKey& key) {
    const SessionId session{++last_session};
    clients.emplace(session, Client{.worker = worker, .key = key, .since = now});
    feed(worker, key, LeaseAsked{session});
    return session;
  }
  void forget(SessionId session) {
    Client& client = clients.at(session);
    client.fate = Fate::forgotten;
    feed(client.worker, client.key, LeaseForgotten{session});
  }
  void give_back(SessionId session, LeaseReturn how = LeaseReturn::clean) {
    const BackendId id = clients.at(session).backend;
    Server& server = servers.at(id);
    server.session.reset();
    feed(server.worker, server.key, LeaseReturned{id, how});
  }
  void opened(BackendId id) {
    servers.at(id).link = Link::open;
    feed(servers.at(id).worker, servers.at(id).key, BackendOpened{id});
  }
  // Finishes everything that is being opened, until nothing is.
  void open_all() {
    for (bool again = true; again;) {
      deliver_all();
      const auto opening = where(Link::opening);
      for (const BackendId id : opening) opened(id);
      again = !opening.empty();
    }
  }
  void open_failed(BackendId id, ErrorCode code) {
    const Server server = erase(id);
    feed(server.worker, server.key, BackendOpenFailed{id, Error{.code = code, .message = "the server's words"}});
  }
  void lost(BackendId id) {
    const Server server = erase(id);
    feed(server.worker, server.key, BackendLost{id});
  }
  void finish_closing() {
    for (const BackendId id : where(Link::closing)) lost(id);
  }
  void reset_done(BackendId id, bool is_clean) {
    servers.at(id).link = Link::open;
    feed(servers.at(id).worker, servers.at(id).key, ResetDone{id, is_clean});
  }
  // A request that was sent, and of which nothing more was heard.
  void give_up_cancel(BackendId id) {
    Server& server = servers.at(id);
    --server.cancels;
    feed(server.worker, server.key, CancelEnded{id, true});
  }
  void cancel(BackendId id, bool starts) {
    Server& server = servers.at(id);
    server.cancels += starts ? 1 : -1;
    if (starts)
      feed(server.worker, server.key, CancelStarted{id});
    else
      feed(server.worker, server.key, CancelEnded{id});
  }
  void pass(Duration time) { now += time; }
  void tick() {
    for (std::uint16_t w = 0; w < workers.size(); ++w) {
      for (auto& [key, pool] : workers[w].pools)
        if (pool.next_deadline() && *pool.next_deadline() <= now) feed(w, key, PoolTick{});
    }
  }
  bool deliver(std::uint16_t worker) {
    if (workers[worker].inbox.empty()) return false;
    const Letter letter = workers[worker].inbox.front();
    workers[worker].inbox.pop_front();
    if (const auto* reply = std::get_if<BudgetReply>(&letter)) {
      std::visit([&](const auto& news) { feed(worker, *reply->key, news); }, reply->news);
      return true;
    }
    const Moved& moved = std::get<Moved>(letter);
    servers.at(moved.event.backend).link = Link::open;
    servers.at(moved.event.backend).worker = worker;
    feed(worker, moved.key, moved.event);
    return true;
  }
  void deliver_all() {
    for (bool again = true; again;) {
      again = false;
      for (std::uint16_t w = 0; w < workers.size(); ++w) again = deliver(w) || again;
    }
  }

  // ---- what the test asks

  Pool& pool(std::uint16_t worker, const PoolKey& key) {
    auto& pools = workers[worker].pools;
    auto found = pools.find(key);
    if (found == pools.end()) found = pools.try_emplace(key, key, options_of(key), workers[worker].ids, log).first;
    return found->second;
  }
  std::vector<BackendId> where(Link link) const {
    std::vector<BackendId> found;
    for (const auto& [id, server] : servers)
      if (server.link == link) found.push_back(id);
    return found;
  }
  std::vector<SessionId> with(Fate fate) const {
    std::vector<SessionId> found;
    for (const auto& [id, client] : clients)
      if (client.fate == fate && (fate != Fate::granted || holds(id))) found.push_back(id);
    return found;
  }
  bool holds(SessionId session) const {
    const auto found = servers.find(clients.at(session).backend);
    return found != servers.end() && found->second.session == session;
  }
  const Client& client(SessionId session) const { return clients.at(session); }
  std::size_t count(const auto& matches) const {
    std::size_t found = 0;
    for (const auto& [id, server] : servers) found += matches(server.key) ? 1 : 0;
    return found;
  }
  bool is_quiet() const {
    for (const Worker& worker : workers)
      if (!worker.inbox.empty()) return false;
    return where(Link::opening).empty() && where(Link::closing).empty() && where(Link::moving).empty() &&
           where(Link::resetting).empty();
  }

  void feed(std::uint16_t worker, const PoolKey& key, const PoolEvent& event) {
    std::deque<std::pair<PoolKey, PoolEvent>> turn{{key, event}};
    while (!turn.empty()) {
      const auto [at, what] = turn.front();
      turn.pop_front();
      Pool& that = pool(worker, at);
      Actions<PoolAction> actions;
      that.on(what, now, budget.waiting() != that.ticket_count(), actions);
      for (const PoolAction& action : actions) run(worker, that, action, turn);
    }
    check_counts();
  }

  OptionsOf options_of;
  Budget budget;
  NullLog log;
  Instant now = Instant{} + 1h;
  std::vector<Worker> workers;
  std::map<BackendId, Server> servers;
  std::map<SessionId, Client> clients;
  std::uint64_t last_session = 0;
  std::size_t hand_overs = 0;
  std::size_t checks = 0;
  std::map<BackendCloseReason, std::size_t> closes;

 private:
  Server erase(BackendId id) {
    const Server server = servers.at(id);
    if (server.session) clients.at(*server.session).backend = {};
    servers.erase(id);
    return server;
  }

  void run(std::uint16_t worker, Pool& pool, const PoolAction& action,
           std::deque<std::pair<PoolKey, PoolEvent>>& turn) {
    std::visit([&](const auto& what) { act(worker, pool, what, turn); }, action);
  }
  using Turn = std::deque<std::pair<PoolKey, PoolEvent>>;

  void act(std::uint16_t worker, Pool& at, const Grant& grant, Turn&) {
    Client& client = clients.at(grant.session);
    Server& server = servers.at(grant.backend);
    REQUIRE(client.fate == Fate::waiting);
    REQUIRE(client.worker == worker);
    REQUIRE(server.worker == worker);
    REQUIRE(server.key == client.key);
    REQUIRE(server.key == at.key());
    REQUIRE(server.link == Link::open);
    REQUIRE_FALSE(server.session.has_value());
    REQUIRE(server.cancels == 0);
    client.fate = Fate::granted;
    client.backend = grant.backend;
    server.session = grant.session;
    check_order(grant.session, client);
  }
  void act(std::uint16_t, Pool&, const Refuse& refuse, Turn&) {
    Client& client = clients.at(refuse.session);
    REQUIRE(client.fate == Fate::waiting);
    client.fate = Fate::refused;
    client.error = refuse.error;
  }
  void act(std::uint16_t worker, Pool& at, const OpenBackend& open, Turn&) {
    REQUIRE(servers.emplace(open.backend, Server{.worker = worker, .key = at.key()}).second);
  }
  void act(std::uint16_t, Pool&, const CloseBackend& close, Turn&) {
    REQUIRE_FALSE(servers.at(close.backend).session.has_value());
    servers.at(close.backend).link = Link::closing;
    ++closes[close.reason];
  }
  void act(std::uint16_t, Pool&, const ResetBackend& reset, Turn&) {
    REQUIRE(servers.at(reset.backend).link == Link::open);
    REQUIRE(servers.at(reset.backend).cancels == 0);
    servers.at(reset.backend).link = Link::resetting;
  }
  void act(std::uint16_t worker, Pool& at, const CheckBackend& check, Turn& turn) {
    ++checks;
    act(worker, at, ResetBackend{check.backend}, turn);
  }
  void act(std::uint16_t worker, Pool& at, const HandOver& moved, Turn&) {
    Server& server = servers.at(moved.backend);
    REQUIRE(server.worker == worker);
    REQUIRE(server.link == Link::open);
    REQUIRE_FALSE(server.session.has_value());
    REQUIRE(moved.to.value != worker);
    server.link = Link::moving;
    ++hand_overs;
    workers[moved.to.value].inbox.push_back(Moved{at.key(), TakenOver{moved.backend, moved.opened_at, moved.used_at}});
  }
  void act(std::uint16_t worker, Pool& at, const ToBudget& to, Turn& turn) {
    Actions<BudgetReply> replies;
    budget.on(WorkerId{worker}, at.key(), to.request, replies);
    for (const BudgetReply& reply : replies) {
      if (reply.worker.value != worker)
        workers[reply.worker.value].inbox.push_back(reply);
      else
        std::visit([&](const auto& news) { turn.emplace_back(*reply.key, news); }, reply.news);
    }
  }

  // First come first served: in one pool always; over workers except for connections on their way to the older one, or to the one
  // that was served meanwhile: the older one's check may have failed since.
  void check_order(SessionId session, const Client& granted) const {
    std::map<std::uint16_t, std::size_t> older;
    for (const auto& [id, other] : clients) {
      if (other.fate != Fate::waiting || other.key != granted.key || id == session) continue;
      const bool waits_longer = other.since + options_of(granted.key).limits.hand_over_after < granted.since;
      if (other.worker != granted.worker)
        older[other.worker] += waits_longer ? 1 : 0;
      else
        REQUIRE(session < id);
    }
    for (const auto& [worker, count] : older) REQUIRE(count <= on_their_way(worker, granted.key) + moving_to(granted.worker, granted.key));
  }
  std::size_t on_their_way(std::uint16_t worker, const PoolKey& key) const {
    const auto there = workers[worker].pools.find(key);
    const std::size_t found = there == workers[worker].pools.end() ? 0 : there->second.count(BackendState::checking);  // soon idle
    return found + moving_to(worker, key);
  }
  std::size_t moving_to(std::uint16_t worker, const PoolKey& key) const {
    return static_cast<std::size_t>(std::ranges::count_if(workers[worker].inbox, [&](const Letter& letter) {
      const auto* moved = std::get_if<Moved>(&letter);
      return moved != nullptr && moved->key == key;
    }));
  }

  void check_counts() const {
    for (const auto& [id, server] : servers) {
      const PoolKey& key = server.key;
      const PoolLimits limits = options_of(key).limits;
      const auto fits = [](std::size_t used, std::uint32_t limit) { return limit == 0 || used <= limit; };
      REQUIRE(
          fits(count([&](const PoolKey& k) { return k == key; }), limits.default_pool_size + limits.reserve_pool_size));
      REQUIRE(fits(count([&](const PoolKey& k) { return k.database == key.database; }), limits.max_db_connections));
      REQUIRE(fits(count([&](const PoolKey& k) { return k.user == key.user; }), limits.max_user_connections));
      REQUIRE(fits(count([&](const PoolKey& k) { return k.node == key.node; }), limits.max_node_connections));
      REQUIRE(budget.used(key) >= count([&](const PoolKey& k) { return k == key; }));
    }
    for (std::uint16_t w = 0; w < workers.size(); ++w)
      for (const auto& [key, pool] : workers[w].pools) check_pool(w, key, pool);
  }
  void check_pool(std::uint16_t worker, const PoolKey& key, const Pool& pool) const {
    std::size_t counted = 0;
    for (const BackendStateRow& row : kBackendStates)
      if (row.state != BackendState::gone) counted += pool.count(row.state);
    REQUIRE(counted == pool.backend_count());
    REQUIRE(pool.count(BackendState::idle) == pool.idle_count());
    REQUIRE(pool.count(BackendState::offered) == 0);
    std::size_t held = 0, lent = 0, waiting = 0;
    for (const auto& [id, server] : servers) {
      if (server.worker != worker || server.key != key || server.link == Link::moving) continue;
      ++held;
      lent += server.session ? 1 : 0;
    }
    for (const auto& [id, client] : clients)
      waiting += client.fate == Fate::waiting && client.worker == worker && client.key == key ? 1 : 0;
    REQUIRE(held == pool.backend_count());
    REQUIRE(lent == pool.count(BackendState::leased));
    REQUIRE(waiting == pool.waiting_count());
    const bool is_asked_for_each = pool.waiting_count() <= pool.count(BackendState::checking);
    REQUIRE((is_asked_for_each || pool.idle_count() == 0));
  }
};

}  // namespace howdah
