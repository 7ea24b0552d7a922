#include "gateway/io/shared_budget.hpp"

namespace howdah {

void SharedBudget::attach(WorkerId worker, Reactor& reactor, Deliver deliver) {
  if (receivers_.size() <= worker.value) receivers_.resize(worker.value + std::size_t{1});
  receivers_[worker.value] = {&reactor, std::move(deliver)};
}

void SharedBudget::on(WorkerId worker, const PoolKey& key, const BudgetRequest& request, Actions<BudgetReply>& own) {
  const std::scoped_lock lock(mutex_);
  replies_.clear();
  budget_.on(worker, key, request, replies_);
  waiting_.store(budget_.waiting(), std::memory_order_relaxed);
  for (const BudgetReply& reply : replies_) {
    if (reply.worker == worker)
      own.push(reply);
    else
      post(reply);
  }
}

void SharedBudget::set_limits(Budget::LimitsOf limits_of) {
  const std::scoped_lock lock(mutex_);
  replies_.clear();
  budget_.set_limits(std::move(limits_of), replies_);
  waiting_.store(budget_.waiting(), std::memory_order_relaxed);
  for (const BudgetReply& reply : replies_) post(reply);
}

std::uint32_t SharedBudget::used_by(const std::optional<std::string>& database) {
  const std::scoped_lock lock(mutex_);
  return budget_.used_by(database);
}

bool SharedBudget::has_blocked() {
  const std::scoped_lock lock(mutex_);
  return budget_.has_blocked();
}

void SharedBudget::post(const BudgetReply& reply) {
  Receiver& receiver = receivers_[reply.worker.value];
  receiver.reactor->post([&receiver, key = reply.key, news = reply.news] { receiver.deliver(*key, news); });
}

}  // namespace howdah
