// How many server connections exist, over all workers, and who gets the next one. Every connection holds one permit
// from the moment it is being opened until it is gone; permits are counted per pool key, database, user and node.
//
// A pool that cannot serve a session at once leaves a ticket here. Tickets are served in the order of their waiting
// time: by a permit when the limits allow one more connection, or by a connection that became free in another worker,
// or by closing a free connection of another pool that holds the limit. Pools whose connections may lie idle are asked
// once (IdleRecalled); from then on they offer what becomes free, until told to keep it.
//
// Pure. One per gateway; the shell guards it with a mutex. Nothing here happens while no session has to wait.
#pragma once

#include "base/actions.hpp"
#include "gateway/pool/budget_messages.hpp"
#include "gateway/pool/limits.hpp"
#include "gateway/pool/pool_key.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

namespace howdah {

class Budget {
 public:
  explicit Budget(const PoolLimits& limits) : limits_(limits) {}

  // A request of the pool `key` of `worker`. Replies are in order; those to the same pool must stay in order.
  void on(WorkerId worker, const PoolKey& key, const BudgetRequest& request, Actions<BudgetReply>& out);
  // Raised limits serve waiters at once; lowered ones close nothing, they only stop new connections.
  void set_limits(const PoolLimits& limits, Actions<BudgetReply>& out);

  // Tickets of all pools. The shell keeps a copy where every worker can read it without the mutex: `others_wait` of a
  // pool is waiting() != Pool::ticket_count().
  std::uint32_t waiting() const { return waiting_; }
  // Permits in use, for SHOW and tests.
  std::uint32_t used(const PoolKey& key) const;
  const PoolLimits& limits() const { return limits_; }

 private:
  struct Share {  // of one worker in one pool key
    std::uint32_t used = 0;
    std::uint32_t connecting = 0;  // permits whose connection is not open yet; each covers one ticket
    std::uint32_t tickets = 0;
    std::uint64_t recalled_in = 0;  // the calm period in which it was asked for its idle connections
    PoolLimit told = PoolLimit::none;
  };
  struct Ticket {
    WorkerId worker;
    SessionId session;
    Instant since;
    std::uint64_t number;  // of arrival, where `since` is equal
    bool may_use_reserve = false;
    BackendId makes_room = {};  // the connection that is being closed for it; zero: none
  };
  struct Group {  // a database, a user, or a node
    std::uint32_t used = 0;
  };
  struct Entry {  // a pool key
    PoolKey key;
    Group* database;
    Group* user;
    Group* node;
    std::uint32_t used = 0;
    std::map<WorkerId, Share> shares;
    std::deque<Ticket> tickets;  // oldest first
  };
  struct Blocked;

  Entry& entry_of(const PoolKey& key);
  void count(Entry& entry, Share& share, int change);
  PoolLimit limit_of(const Entry& entry, bool may_use_reserve) const;
  Ticket* first_uncovered(Entry& entry);

  void ask(Entry& entry, WorkerId worker, const AskPermit& request, Actions<BudgetReply>& out);
  void drop_ticket(Entry& entry, std::deque<Ticket>::iterator ticket);
  void withdraw(Entry& entry, SessionId session);
  OfferAnswered judge(Entry& entry, WorkerId worker, const Offer& offer);
  bool make_room(Entry& entry, const Offer& offer, const Ticket* oldest_here);
  void release(Entry& entry, WorkerId worker, const ReleasePermit& request);
  // Gives out what the limits allow, oldest first; then asks for idle connections on behalf of those still blocked.
  void serve(Actions<BudgetReply>& out);
  void recall(Entry& blocked, PoolLimit limit, Actions<BudgetReply>& out);

  PoolLimits limits_;
  std::unordered_map<PoolKey, Entry> entries_;
  std::unordered_map<std::string, Group> databases_;
  std::unordered_map<std::string, Group> users_;
  std::map<NodeId, Group> nodes_;
  std::vector<Entry*> waiting_entries_;  // those with tickets
  std::uint32_t waiting_ = 0;
  std::uint32_t waiting_shares_ = 0;
  std::uint64_t calm_ = 1;  // counts the times when at most one pool had tickets: then others may let things lie idle
  std::uint64_t tickets_made_ = 0;
};

}  // namespace howdah
