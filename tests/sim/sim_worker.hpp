// The data path of one gateway in virtual time: the real Session and Pool machines, driven as gateway/io/worker_turns and
// gateway/io/worker_pools drive them, over simulated connections. What they decide is theirs; here is only what the
// shell does: bytes, leases, deadlines, and the worker's newest view.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/pool/budget.hpp"
#include "gateway/pool/pool.hpp"
#include "gateway/session/session.hpp"
#include "tests/sim/sim_backend.hpp"
#include "tests/sim/sim_link.hpp"
#include "tests/sim/world.hpp"

namespace howdah::sim {

struct SimWorkerOptions {
  SessionOptions session = {};
  PoolOptions pool = {};
  RoutingOptions routing = {};
};

class SimWorker;

// What the workers of a gateway share.
struct Crew {
  Crew(const PoolLimits& limits, std::size_t count, Instant now)
      : budget([limits](const PoolKey&) { return limits; }), writes(count, now), workers(count) {}
  Budget budget;
  WriteBoard writes;
  std::vector<SimWorker*> workers;  // by their ids
  std::shared_ptr<WaitingRoom> waiting_room = std::make_shared<WaitingRoom>();  // shared: sessions' surroundings hold it
};

class SimWorker {
 public:
  // A client's end of its connection. Called in a turn of its own.
  class Client {
   public:
    virtual void on_bytes(std::string_view bytes) = 0;
    virtual void on_closed() = 0;

   protected:
    ~Client() = default;
  };

  SimWorker(World& world, SimWorkerOptions options, Crew& crew, WorkerId id);
  ~SimWorker();
  SimWorker(const SimWorker&) = delete;
  SimWorker& operator=(const SimWorker&) = delete;

  SessionId enter(Client& client, const std::string& application_name);
  void say(SessionId id, std::string_view bytes);
  void leave(SessionId id);
  void cancel(SessionId id);
  std::size_t leased_count() const;
  std::string describe(SessionId id) const;  // for people: what it waits for
  std::size_t fates() const { return fates_; }  // of commits in doubt, that could be told

 private:
  struct Server;
  struct PoolEntry;
  struct Seat {  // a client as the worker sees it
    Seat(ClientIdentity identity, const SessionOptions& options, Surroundings& surroundings, Client& client)
        : session(std::move(identity), options, surroundings), end(client) {}
    Session session;
    Client& end;
    PoolEntry* asked = nullptr;
    std::vector<Server*> leases = {};
    std::optional<Instant> wakes_at = {};
    bool is_closing = false;
  };
  struct PoolEntry {
    PoolEntry(const PoolKey& pool_key, const PoolOptions& settings, BackendIds& ids, Log& log)
        : key(pool_key), pool(pool_key, settings, ids, log) {}
    PoolKey key;
    Pool pool;
    std::string server_error = {};
    std::optional<Instant> wakes_at = {};
  };
  struct Server : Backend {
    PoolEntry* home = nullptr;
    Seat* lessee = nullptr;
    std::shared_ptr<SimLink> link;
    std::shared_ptr<SimBackend> process;  // none before the login has come so far
    bool is_open = false;
  };
  struct Outcome {
    SessionId session = {};
    PoolEntry* entry = nullptr;  // granted; otherwise refused
    BackendId backend = {};
    session::LeaseRefused refusal = {};
    bool is_void = false;
  };

  std::function<void()> mine(std::function<void()> what);
  Seat* find(SessionId id);
  Server* find(BackendId id);
  // sim_worker.cpp: what a session's event makes happen
  void feed(Seat& seat, const session::Event& event);
  void act(Seat& seat, const session::Action& action);
  void to_client(Seat& seat, std::string bytes);
  void wake(Seat& seat);
  void close(Seat& seat);
  void report(NodeId node, NodeFailure failure);
  void look_up(SessionId id, const session::LookUpCommit& wanted);
  void adopt_view();
  void take_view();
  bool is_quiet() const;
  void tell_when_quiet();
  ClusterView seen() const;
  void on_server_end(int node, ServerEnd how);
  // sim_pools.cpp: what a pool's event makes happen
  PoolEntry& entry_of(NodeId node);
  void run(PoolEntry& entry, const PoolEvent& event);
  void act(PoolEntry& entry, const PoolAction& action);
  void ask_budget(PoolEntry& entry, const BudgetRequest& request);
  void on_budget_news(NodeId node, const BudgetNews& news);
  void move(const HandOver& moved);
  void adopt(std::unique_ptr<Server> server, const HandOver& moved);
  void wake(PoolEntry& entry);
  void deliver();
  void forget(PoolEntry& entry, SessionId session);
  void give_back(Server& server, session::LeaseEnd end);
  void open(PoolEntry& entry, BackendId id);
  void log_in(BackendId id, std::shared_ptr<SimLink> link);
  std::function<void(std::string_view)> mine_bytes(BackendId id);
  std::function<void(NodeFailure)> mine_gone(BackendId id);
  void on_open(BackendId id, const wire::ParameterSet& greeting);
  void fail_open(BackendId id, Error error, std::string server_error, std::optional<NodeFailure> evidence);
  void on_bytes(BackendId id, std::string_view bytes);
  void lose(BackendId id, NodeFailure failure);
  void retire(BackendId id);
  void cancel(Server& server);
  void on_node_down(const NodeView& node);
  void set_view(const ClusterView& before, const ClusterView& after);

  World& world_;
  SimWorkerOptions options_;
  Crew& crew_;
  WorkerId id_;
  std::shared_ptr<bool> life_ = std::make_shared<bool>(true);
  Rng rng_;
  NullLog log_;
  ParseCache parse_cache_;
  StatementCatalog catalog_{0, 1 << 20};
  WelcomeCache welcome_cache_{100};
  Surroundings surroundings_;
  BackendIds ids_;
  std::map<NodeId, std::unique_ptr<PoolEntry>> entries_;
  std::map<BackendId, std::unique_ptr<Server>> servers_;
  std::map<SessionId, std::unique_ptr<Seat>> seats_;
  std::uint64_t last_session_ = 0;
  std::optional<std::uint64_t> quiet_awaited_;  // the view
  std::vector<Outcome> outcomes_;
  bool is_delivering_ = false;
  int depth_ = 0;
  std::size_t fates_ = 0;
};

}  // namespace howdah::sim
