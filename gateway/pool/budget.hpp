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
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace howdah {

class Budget {
 public:
  // What one pool may have. Asked when it is first heard of, and by set_limits().
  using LimitsOf = std::function<PoolLimits(const PoolKey&)>;

  explicit Budget(LimitsOf limits_of) : limits_of_(std::move(limits_of)) {}

  // A request of the pool `key` of `worker`. Replies are in order; those to the same pool must stay in order.
  void on(WorkerId worker, const PoolKey& key, const BudgetRequest& request, Actions<BudgetReply>& out);
  // Raised limits serve waiters at once; lowered ones close nothing, they only stop new connections.
  void set_limits(LimitsOf limits_of, Actions<BudgetReply>& out);

  // Tickets of all pools. The shell keeps a copy where every worker can read it without the mutex: `others_wait` of a
  // pool is waiting() != Pool::ticket_count().
  std::uint32_t waiting() const { return waiting_; }
  // Somebody waits for whom no connection is being opened.
  bool has_blocked();
  // Permits in use, for SHOW and tests.
  std::uint32_t used(const PoolKey& key) const;
  // Of one database, or of all.
  std::uint32_t used_by(const std::optional<std::string>& database) const;

 private:
  struct Share {  // of one worker in one pool key
    WorkerId worker;
    std::uint32_t used = 0;
    std::uint32_t connecting = 0;  // permits whose connection is not open yet; each covers one ticket
    std::uint32_t tickets = 0;
    std::uint64_t recalled_in = 0;  // the calm period in which it was asked for its idle connections
    PoolLimit told = PoolLimit::none;
    bool is_paused = false;  // its openings fail for now: only an open connection helps
  };
  struct Ticket {
    Share* share;
    SessionId session;
    Instant since;
    std::uint64_t number;  // of arrival, where `since` is equal
    bool may_use_reserve = false;
    BackendId makes_room = {};  // the connection that is being closed for it; zero: none

    bool is_older_than(const Ticket& other) const {
      return since != other.since ? since < other.since : number < other.number;
    }
  };
  struct Group {  // a database, a user, or a node
    std::uint32_t used = 0;
  };
  struct Entry {  // a pool key
    PoolKey key;
    PoolLimits limits;
    Group* database = nullptr;
    Group* user = nullptr;
    Group* node = nullptr;
    std::uint32_t used = 0;
    std::map<WorkerId, Share> shares;
    std::deque<Ticket> tickets;  // oldest first
    std::vector<BackendId> expiring;  // being closed because they were unused
  };
  struct Uncovered {  // tickets for which no connection is being opened
    Ticket* oldest = nullptr;
    Ticket* oldest_without_room = nullptr;  // nor is one being closed
    std::uint32_t with_room = 0;            // how many before that one
    bool has_paused = false;                // among those before it; they are not counted otherwise
  };
  using Replies = Actions<BudgetReply>;

  Entry& entry_of(const PoolKey& key);
  static bool has_open(const Entry& entry);
  static Share& share_of(Entry& entry, WorkerId worker);
  static void count(Entry& entry, Share& share, int change);
  // What forbids one more connection of this pool; `leaving` is a pool whose connection would be closed for it.
  PoolLimit limit_of(const Entry& entry, bool may_use_reserve, const Entry* leaving = nullptr,
                     std::uint32_t coming = 0) const;
  static Uncovered uncovered(Entry& entry);

  void ask(Entry& entry, Share& share, const AskPermit& request);
  void ask_reserve(Entry& entry, const Share& share, SessionId session);
  void ask_spare(Entry& entry, Share& share, std::uint32_t least, Replies& out);
  void withdraw(Entry& entry, const Share& share, SessionId session);
  void drop(Entry& entry, std::deque<Ticket>::iterator ticket);
  OfferAnswered judge(Entry& entry, Share& share, const Offer& offer);
  bool makes_room(Entry& entry, const Offer& offer);
  static bool is_above_maximum(const Entry& entry) {
    const PoolLimits& limits = entry.limits;
    return limits.default_pool_size > 0 && entry.used - entry.expiring.size() > limits.default_pool_size + limits.reserve_pool_size;
  }
  static bool is_above_minimum(const Entry& entry) { return entry.used - entry.expiring.size() > entry.limits.min_pool_size; }
  void release(Entry& entry, Share& share, const ReleasePermit& request);
  // Gives out what the limits allow, oldest first; then asks for idle connections on behalf of those still blocked.
  void serve(Replies& out);
  bool grant_oldest(Replies& out);
  void explain(Entry& entry, PoolLimit limit, Replies& out);
  void recall(Entry& blocked, PoolLimit limit, Replies& out);

  LimitsOf limits_of_;
  std::unordered_map<PoolKey, Entry> entries_;
  std::unordered_map<std::string, Group> databases_;
  std::unordered_map<std::string, Group> users_;
  std::map<NodeId, Group> nodes_;
  std::vector<Entry*> waiting_entries_;  // those with tickets
  std::uint32_t waiting_ = 0;
  std::uint32_t waiting_shares_ = 0;
  std::vector<BackendId> making_room_;  // connections being closed for a ticket
  // Counts the times at which at most one pool had tickets: from then on others may have let things lie idle.
  std::uint64_t calm_ = 1;
  std::uint64_t tickets_made_ = 0;
};

}  // namespace howdah
