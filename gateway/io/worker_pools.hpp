// The server connections of one worker: its pools, one per (database, user, node), and what they want done. Turns pool
// actions into dialling, closing, resetting and moving connections, and brings grants to the worker. Leases are handed
// out by deliver(), never from within a call of a session, so that one session's actions are finished before another's
// begin. On the worker's thread; only the SharedBudget is shared.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "gateway/io/cancel_sender.hpp"
#include "gateway/io/server.hpp"
#include "gateway/io/shared_budget.hpp"
#include "gateway/io/worker_config.hpp"
#include "gateway/pool/outdated_logins.hpp"
#include "gateway/pool/pool.hpp"
#include "gateway/session/session.hpp"
#include "gateway/standing_orders.hpp"
#include "health/cluster_view.hpp"

namespace howdah {

struct PoolEntry {
  PoolEntry(PoolKey pool_key, const PoolOptions& settings, BackendIds& ids, Log& log, TimerHeap& timers,
            std::function<void(PoolEntry&)> on_tick)
      : key(pool_key),
        pool(std::move(pool_key), settings, ids, log),
        timer(timers, [this, tick = std::move(on_tick)] { tick(*this); }) {}

  PoolKey key;
  Pool pool;
  Timer timer;
  std::string server_error;  // the body of the ErrorResponse that refused the newest login; empty: none
};

class WorkerPools final : private Server::Owner {
 public:
  class Owner {
   public:
    virtual void on_granted(SessionId session, Server& server) = 0;
    virtual void on_refused(SessionId session, session::LeaseRefused refusal) = 0;
    virtual void on_server_bytes(Server& server, Bytes bytes) = 0;
    // A leased connection is dead. The pool is told afterwards, and the object lives until the end of the turn.
    virtual void on_server_gone(Server& server, NodeFailure failure) = 0;
    virtual void on_server_drained(Server& server) = 0;
    virtual void report(NodeId node, NodeFailure failure, const std::string& why) = 0;
    virtual void seen(NodeId node) = 0;  // a connection to it was opened
    virtual void hand_over(WorkerId to, MovedServer moved) = 0;

   protected:
    ~Owner() = default;
  };

  WorkerPools(WorkerId worker, LoopParts& parts, Owner& owner, SharedBudget& budget, WorkerConfigPtr config);

  // Found or made; never moves.
  PoolEntry& entry_of(const std::string& database, const std::string& user, NodeId node);
  void ask(PoolEntry& entry, SessionId session) { run(entry, LeaseAsked{session}); }
  void forget(PoolEntry& entry, SessionId session);
  void give_back(Server& server, session::LeaseEnd end);
  // Somebody waits for a connection, and none is being opened; or this one is to be closed when it comes back.
  bool is_wanted(const Server& server) const;
  // Grants and refusals that have come up. To be called after everything that may have caused some.
  void deliver();

  // What opens connections for this user from now on.
  void remember_credential(const std::string& user, const login::ServerCredential& credential);
  // How to reach a node, and who to be there: for a connection that is not of a pool.
  DialTarget target_of(NodeId node) const;
  login::ServerLoginFacts facts_of(const std::string& database, const std::string& user);
  // Tries a password on a server; `then` gets nullptr if it was taken.
  void check_password(const std::string& database, const std::string& user, const login::ServerCredential& credential,
                      std::function<void(const OpenFailure*)> then);
  // `then` is called when the server has closed the cancel connection.
  void cancel(Server& server, std::function<void()> then);

  void set_config(WorkerConfigPtr config);
  void set_orders(StandingOrdersPtr orders);
  void take_login_change(const LoginChange& change);
  void set_view(const ClusterViewPtr& view);
  void adopt(MovedServer moved);
  void on_budget_news(const PoolKey& key, const BudgetNews& news);
  // Idle connections are closed, leased ones when they come back.
  void drain(BackendCloseReason reason, const Error& error);

  // For SHOW and metrics.
  template <typename Visit>
  void visit_pools(Visit&& visit) const {
    for (const auto& [key, entry] : entries_) visit(*entry);
  }
  template <typename Visit>
  void visit_servers(Visit&& visit) const {
    for (const auto& [id, server] : servers_) visit(*server);
  }

 private:
  struct Outcome {
    SessionId session;
    PoolEntry* entry = nullptr;  // granted; otherwise refused
    BackendId backend = {};
    session::LeaseRefused refusal = {};
    bool is_void = false;  // the session wants it no more
  };

  void on_open(Server& server, login::ServerLoginDone done) override;
  void on_open_failed(Server& server, OpenFailure failure) override;
  void on_gone(Server& server, std::string why) override;
  void on_bytes(Server& server, Bytes bytes) override;
  void on_drained(Server& server) override { owner_.on_server_drained(server); }

  void run(PoolEntry& entry, const PoolEvent& event);
  void act(PoolEntry& entry, const PoolAction& action);
  void ask_budget(PoolEntry& entry, const BudgetRequest& request);
  PoolOptions options_of(const PoolKey& key) const;
  void apply_orders(PoolEntry& entry);
  void outdate(const LoginChange& change, std::optional<NodeId> node);
  void open(PoolEntry& entry, BackendId id);
  void dial(Server& server, NodeId node, login::ServerLoginFacts facts);
  void close(PoolEntry& entry, BackendId id, BackendCloseReason reason);
  void reset(BackendId id);
  void check(BackendId id);
  void move(PoolEntry& entry, const HandOver& hand_over);
  void lose(Server& server, NodeFailure failure);
  void retire(BackendId id);
  void on_node_back(NodeId node);
  void expect_leases(NodeId old_primary, NodeId node);
  void on_node_down(const NodeView& node);
  Server* find(BackendId id);

  WorkerId worker_;
  LoopParts& parts_;
  Owner& owner_;
  SharedBudget& budget_;
  WorkerConfigPtr config_;
  ClusterViewPtr view_;
  StandingOrdersPtr orders_;
  OutdatedLogins logins_;
  BackendIds ids_;
  std::unordered_map<PoolKey, std::unique_ptr<PoolEntry>> entries_;
  login::KnownScramKeys scram_keys_;
  std::unordered_map<BackendId, std::unique_ptr<Server>> servers_;
  std::unordered_map<std::string, login::ServerCredential> credentials_;  // by user
  struct Checked {
    login::ServerCredential credential;
    Instant at;
  };
  std::unordered_map<std::string, Checked> checked_;  // passwords a server has taken, by user
  std::unordered_map<BackendId, std::function<void(const OpenFailure*)>> checks_;
  std::unordered_map<std::uint64_t, std::unique_ptr<CancelSender>> cancels_;
  std::uint64_t next_cancel_ = 1;

  std::deque<Actions<PoolAction>> actions_;  // one per depth of run(); kept for their memory
  std::size_t depth_ = 0;
  std::vector<Outcome> outcomes_;
  bool is_delivering_ = false;
  std::vector<std::unique_ptr<Server>> graveyard_;  // destroyed at the end of the turn
};

}  // namespace howdah
