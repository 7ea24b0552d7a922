#include "failover/io/etcd_link.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/io/clock.hpp"
#include "base/overloaded.hpp"
#include "health/io/pg_connection.hpp"

namespace howdah::failover {

namespace {

// A member in the minority answers after seven seconds only; the others are asked well before.
constexpr Duration kAnswerLimit = 1s;
constexpr Duration kFarewellLimit = 300ms;

}  // namespace

EtcdLink::EtcdLink(EtcdOptions options, Report report)
    : options_(std::move(options)), bodies_(options_.cluster_name), report_(std::move(report)), client_(options_.http) {
  thread_.start([this] { run(); });
}

EtcdLink::~EtcdLink() {
  thread_.stop([this] {
    client_.stop();
    const std::lock_guard lock(mutex_);  // so that the thread cannot look before and sleep after
    wake_.notify_all();
  });
}

void EtcdLink::watch(Duration period) {
  const std::lock_guard lock(mutex_);
  period_ = period;
  has_work_ = true;
  wake_.notify_all();
}

void EtcdLink::tell(Vote vote) {
  const std::lock_guard lock(mutex_);
  vote_ = std::move(vote);
  has_work_ = true;
  wake_.notify_all();
}

void EtcdLink::carry_out(Order order) {
  const std::lock_guard lock(mutex_);
  orders_.push_back(std::move(order));
  has_work_ = true;
  wake_.notify_all();
}

void EtcdLink::run() {
  while (wait_for_work()) {
    CouncilSeen seen;
    auto assembly = do_round();
    seen.asked_at = read_at_;
    seen.lease_until = lease_until_;
    if (assembly) seen.assembly = std::move(*assembly);
    else seen.error = to_text(assembly.error()), lease_kept_at_ = {};  // the lease is looked at first in the next round
    if (!thread_.is_stopping()) report_(std::move(seen));
  }
  give_lease_back();
}

bool EtcdLink::wait_for_work() {
  std::unique_lock lock(mutex_);
  const auto is_wanted = [this] { return thread_.is_stopping() || has_work_; };
  if (period_) wake_.wait_for(lock, std::min<Duration>(*period_, options_.lease_time / 3), is_wanted);
  else wake_.wait(lock, is_wanted);
  has_work_ = false;
  return !thread_.is_stopping();
}

Result<Assembly> EtcdLink::do_round() {
  read_at_ = monotonic_now();
  if (auto kept = keep_lease(); !kept) return kept.error();
  if (auto put = put_vote(); !put) return put.error();
  if (auto done = do_orders(); !done) return done.error();
  read_at_ = monotonic_now();
  const auto body = call(bodies_.read_all());
  if (!body) return body.error();
  return bodies_.parse_assembly(*body);
}

// What the lease is worth is reckoned from before it was asked for.
Result<void> EtcdLink::keep_lease() {
  const Instant now = monotonic_now();
  if (lease_ != 0 && now - lease_kept_at_ < options_.lease_time / 3) return {};
  if (lease_ != 0) {
    const auto body = call(EtcdBodies::keep_lease(lease_));
    if (!body) return body.error();
    const auto is_kept = parse_kept(*body);
    if (!is_kept) return is_kept.error();
    if (!*is_kept) lease_ = 0;
  }
  if (lease_ == 0) {
    vote_put_.reset();
    const auto body = call(EtcdBodies::grant_lease(options_.lease_time));
    if (!body) return body.error();
    const auto lease = parse_lease(*body);
    if (!lease) return lease.error();
    lease_ = *lease;
  }
  lease_kept_at_ = now;
  lease_until_ = now + options_.lease_time;
  return {};
}

Result<void> EtcdLink::put_vote() {
  std::unique_lock lock(mutex_);
  if (!vote_ || vote_put_ == vote_) return {};
  const Vote vote = *vote_;
  lock.unlock();
  if (const auto body = call(bodies_.put_vote(vote, lease_)); !body) return body.error();
  vote_put_ = vote;
  return {};
}

Result<void> EtcdLink::do_orders() {
  std::unique_lock lock(mutex_);
  const std::deque<Order> orders = std::exchange(orders_, {});  // one that fails is given again, if it is still wanted
  lock.unlock();
  for (const Order& order : orders)
    if (const auto body = call(call_of(order)); !body) return body.error();
  return {};
}

EtcdCall EtcdLink::call_of(const Order& order) const {
  return std::visit(Overloaded{[this](const TakeLock& take) { return bodies_.take_lock(take.row, lease_); },
                               [this](const DropLock& drop) { return bodies_.drop_lock(drop.revision); },
                               [this](const ClaimOffice& claim) { return bodies_.claim_office(claim.row, claim.lock_revision); }},
                    order);
}

// The body of a good answer. A token that has run out is asked for anew.
Result<std::string> EtcdLink::call(const EtcdCall& call) {
  for (bool is_first = true;; is_first = false) {
    if (!options_.user.empty() && token_.empty()) {
      const auto body = call_once(EtcdBodies::login(options_.user, options_.password));
      if (!body) return body.error();
      auto token = parse_token(*body);
      if (!token) return token.error();
      token_ = std::move(*token);
    }
    const bool had_token = !token_.empty();
    auto body = call_once(call);
    if (body || !had_token || !token_.empty() || !is_first) return body;
  }
}

Result<std::string> EtcdLink::call_once(const EtcdCall& call) {
  auto answer = client_.ask({.target = call.path, .body = call.body, .authorization = token_}, kAnswerLimit);
  if (!answer) return answer.error();
  if (answer->status == 200) return std::move(answer->body);
  if (answer->status == 401) token_.clear();
  return Error{ErrorCode::environment, fmt::format("etcd answers with status {}", answer->status), parse_trouble(answer->body)};
}

// By a client of its own: the other one has been stopped.
void EtcdLink::give_lease_back() {
  if (lease_ == 0) return;
  HttpClient client(options_.http);
  const EtcdCall call = EtcdBodies::revoke_lease(lease_);
  static_cast<void>(client.ask({.target = call.path, .body = call.body, .authorization = token_}, kFarewellLimit));
}

}  // namespace howdah::failover
