// The Budget that all workers share: a mutex around the pure part, and the delivery of its replies. Nothing here happens
// while no session has to wait; then a worker only reads one number. Replies to other workers are posted under the
// mutex, so that those to one pool arrive in the order in which they were decided.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

#include "gateway/io/reactor.hpp"
#include "gateway/pool/budget.hpp"

namespace howdah {

class SharedBudget {
 public:
  using Deliver = std::function<void(const PoolKey&, const BudgetNews&)>;

  explicit SharedBudget(Budget::LimitsOf limits_of) : budget_(std::move(limits_of)) {}

  // All workers are attached before the first of them runs.
  void attach(WorkerId worker, Reactor& reactor, Deliver deliver);

  // On the asking worker's thread; replies to itself are appended to `own`.
  void on(WorkerId worker, const PoolKey& key, const BudgetRequest& request, Actions<BudgetReply>& own);
  void set_limits(Budget::LimitsOf limits_of);
  // Server connections of one database, or of all, over all workers: from the attempt to open one until it is closed.
  std::uint32_t used_by(const std::optional<std::string>& database);

  // Somebody waits for whom no connection is being opened.
  bool has_blocked();

  // Whether somebody outside a pool with that many tickets waits.
  bool others_wait(std::uint32_t own_tickets) const {
    return waiting_.load(std::memory_order_relaxed) != own_tickets;
  }

 private:
  struct Receiver {
    Reactor* reactor = nullptr;
    Deliver deliver;
  };
  void post(const BudgetReply& reply);

  std::mutex mutex_;
  Budget budget_;
  Actions<BudgetReply> replies_;
  std::atomic<std::uint32_t> waiting_{0};
  std::vector<Receiver> receivers_;  // by worker number
};

}  // namespace howdah
