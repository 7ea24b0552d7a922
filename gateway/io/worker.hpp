// One thread of the data path: an event loop, its clients with their sessions, its server connections. Runs what the
// pure parts decide: gives a session each event, does its actions in order, then sends to each touched peer once.
// Leases granted on the way are handed out afterwards, so nothing nests. Other threads reach a worker only by the
// functions marked "from any thread".
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/rng.hpp"
#include "gateway/io/client_link.hpp"
#include "gateway/io/heard_board.hpp"
#include "gateway/io/secret_asker.hpp"
#include "gateway/io/worker_config.hpp"
#include "gateway/io/worker_pools.hpp"
#include "gateway/session/surroundings.hpp"

namespace howdah {

// A question of a session that the gateway itself answers (SHOW POOL_*, PGPOOL ...).
struct LocalQuestion {
  SessionId asker;
  std::string command;
  std::string user;
  std::string database;
  std::optional<NodeId> load_balance_node;  // drawn for the asker's reads
  SettingsPtr settings;                     // as the asker has changed them; null: it has not
  ConsoleRole console = ConsoleRole::none;  // anything else: the asker uses the console
};

// What workers need from outside: joined in app.cpp. Called on the worker's thread.
struct WorkerHooks {
  std::function<void(NodeId, NodeFailure, const std::string&)> report;
  std::function<void(NodeId)> seen;
  // `then` may be called on any thread.
  std::function<void(LocalQuestion, std::function<void(Result<TextTable>)> then)> ask_local;
  std::function<void(SessionId asker)> withdraw_local;  // its question is not wanted any more
  std::function<void(CommitDoubt, Duration limit, std::function<void(CommitOutcome)> then)> look_up;
  std::function<void(WorkerId to, MovedServer)> hand_over;
  std::function<void(wire::CancelKey, std::function<void()> then)> route_cancel;
  // The first session of a database; from now on its catalog is read, and set_catalog() follows.
  std::function<DatabaseCatalog(const std::string& database)> enter_catalog;
  std::function<void()> want_position;  // the primary's, soon; it comes with the next view
  std::function<void(const LoginChange&)> login_changed;  // to be told to all workers: take_login_change()
};

// Shared by all workers of the process.
struct WorkersShared {
  Log& log;
  Resolver& resolver;
  Resolver& client_names;  // of its own: clients with slow name servers must not delay connections to servers
  SharedBudget& budget;
  WorkerHooks hooks;
  WriteBoard writes;
  HeardBoard heard;
  std::atomic<std::uint32_t> client_count{0};   // with those of the console
  std::atomic<std::uint32_t> console_count{0};  // logged in to the console
  // shared: each worker's surroundings hold it
  std::shared_ptr<std::atomic<std::uint64_t>> schema_changes = std::make_shared<std::atomic<std::uint64_t>>(0);
  std::shared_ptr<WaitingRoom> waiting_room = std::make_shared<WaitingRoom>();  // shared: as above
  std::shared_ptr<SequenceReaders> sequence_readers = std::make_shared<SequenceReaders>();  // shared: as above
  std::atomic<bool> is_shutting_down{false};
  ClientPlaces places = {};
};

class Worker final : private ClientLink::Owner, private WorkerPools::Owner {
 public:
  Worker(WorkerId id, WorkersShared& shared, WorkerConfigPtr config, std::uint64_t seed);
  ~Worker();

  Reactor& reactor() { return reactor_; }
  void start();
  void stop();  // from any thread; joins

  // ---- from any thread
  std::uint32_t client_count() const { return client_count_.load(std::memory_order_relaxed); }
  void give_client(Accepted accepted);
  void give_server(MovedServer moved);
  void cancel(wire::CancelKey key, std::function<void()> then);
  void set_config(WorkerConfigPtr config);
  // On the worker's thread: `taken` when it acts by the view; `quiet`, of one that is switching, when no statement sent to its
  // primary is unanswered but in transactions that the server knows of (not where another view comes first).
  void set_view(ClusterViewPtr view, std::function<void()> taken, std::function<void()> quiet);
  // `then` is called on the worker's thread when they are in force here.
  void set_orders(StandingOrdersPtr orders, std::function<void()> then);
  // `then` gets the number of clients that were sent away; on the worker's thread.
  void evict(Eviction eviction, std::function<void(std::size_t)> then);
  void set_catalog(std::string database, CatalogFactsPtr facts);
  // A client has made it: server connections that began before, and what was learned at logins, are for nobody who comes later.
  void take_login_change(const LoginChange& change);
  // Sessions end as soon as their transactions do.
  void end_sessions();
  void forget_statements();  // of SHOW POOL_STATEMENTS
  // Runs on the worker's thread; for reports.
  void inspect(std::function<void(const Worker&)> look);

  // ---- on the worker's thread, in inspect()
  WorkerId id() const { return id_; }
  std::int64_t thread_id() const { return thread_id_; }
  WallTime started_at() const { return started_at_; }
  std::uint64_t clients_served() const { return clients_served_; }
  const WorkerPools& pools() const { return pools_; }
  const StatementTally& tally() const { return surroundings_.tally; }
  const StatementStatistics& statistics() const { return surroundings_.statistics; }
  const TrafficBook& traffic() const { return surroundings_.traffic; }
  Instant now() const { return reactor_.now(); }
  template <typename Visit>
  void visit_clients(Visit&& visit) const {
    for (const auto& [id, client] : clients_) visit(*client);
  }

 private:
  // ---- ClientLink::Owner (worker_clients.cpp)
  std::optional<Error> refusal(const ClientLink& client) override;
  void on_cancel_request(ClientLink& client, wire::CancelKey key) override;
  void find_name(ClientLink& client) override;
  void find_secret(ClientLink& client) override;
  void distrust_secret(ClientLink& client) override;
  void check_by_server(ClientLink& client) override;
  void on_logged_in(ClientLink& client) override;
  void on_client_bytes(ClientLink& client, Bytes bytes) override;
  void on_client_gone(ClientLink& client, std::string why) override;
  void on_client_drained(ClientLink& client) override;
  void on_client_tick(ClientLink& client) override;
  void on_client_closed(ClientLink& client) override;
  // ---- WorkerPools::Owner (worker.cpp)
  void on_granted(SessionId session, Server& server) override;
  void on_refused(SessionId session, session::LeaseRefused refusal) override;
  void on_server_bytes(Server& server, Bytes bytes) override;
  void on_server_gone(Server& server, NodeFailure failure) override;
  void on_server_drained(Server& server) override;
  void report(NodeId node, NodeFailure failure, const std::string& why) override;
  void seen(NodeId node) override;
  void hand_over(WorkerId to, MovedServer moved) override;

  // worker_clients.cpp
  void admit(Accepted accepted);
  ConsoleRole console_role(const ClientLink& client) const;
  std::optional<Error> refusal_after_login(const wire::StartupMessage& startup, ConsoleRole console) const;
  Result<ClientIdentity> identify(const ClientLink& client, ConsoleRole console);
  wire::CancelKey make_cancel_key(const wire::StartupMessage& startup);
  void start_replication(ClientLink& client);
  SecretAsker& secrets_of(const ClientLink& client);
  const DatabaseCatalog* catalog_of(const std::string& name);
  ClientLink* find(SessionId id);
  // worker_turns.cpp: what a session's event makes happen
  void feed(ClientLink& client, const session::Event& event);
  void act(ClientLink& client, const session::Action& action);
  void act_on_lease(ClientLink& client, const session::WantLease& wanted);
  void return_lease(ClientLink& client, Server& server, session::LeaseEnd end);
  void ask_local(const ClientLink& client, const session::AskLocal& question);
  void look_up(const ClientLink& client, const session::LookUpCommit& wanted);
  void flush_client(ClientLink& client);
  void flush_server(ClientLink& client);
  void update_reading(ClientLink& client);
  void adopt_view(const ClusterViewPtr& view);
  bool is_quiet() const;
  void tell_when_quiet();
  // Feeds an event to each session that is in one of the states, then delivers.
  template <typename Wanted>
  void feed_all(const session::Event& event, Wanted&& is_wanted);
  // Ends the replication connections that are meant; how many.
  template <typename Wanted>
  std::size_t end_replication(Wanted&& is_wanted);

  WorkerId id_;
  WorkersShared& shared_;
  WorkerConfigPtr config_;
  StandingOrdersPtr orders_ = std::make_shared<StandingOrders>();
  Reactor reactor_;
  std::vector<char> buffer_;
  LoopParts parts_;
  Rng rng_;
  ParseCache parse_cache_;
  StatementCatalog catalog_;
  WelcomeCache welcome_cache_;
  std::map<std::string, DatabaseCatalog> catalogs_;  // by the names on the servers; sessions borrow from it; it never shrinks
  Surroundings surroundings_;
  WorkerPools pools_;
  std::map<int, std::unique_ptr<SecretAsker>> secrets_;  // by the number of what they ask; made when needed
  std::unordered_map<SessionId, std::unique_ptr<ClientLink>> clients_;
  std::unordered_map<std::uint32_t, SessionId> by_pid_;  // of the cancel keys
  std::uint64_t next_session_;
  std::uint32_t next_serial_ = 0;

  Actions<session::Action> actions_;
  std::vector<Bytes> to_client_;
  std::vector<Bytes> to_server_;
  Server* server_in_hand_ = nullptr;  // whom to_server_ is for
  std::function<void()> when_quiet_;  // empty: nobody waits for it
  std::vector<std::unique_ptr<ClientLink>> graveyard_;  // destroyed at the end of the turn

  std::atomic<std::uint32_t> client_count_{0};
  std::uint64_t clients_served_ = 0;
  std::int64_t thread_id_ = 0;
  WallTime started_at_;
  std::thread thread_;
};

}  // namespace howdah
