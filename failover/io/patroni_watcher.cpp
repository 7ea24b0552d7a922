#include "failover/io/patroni_watcher.hpp"

#include <algorithm>

#include "base/io/clock.hpp"
#include "health/io/pg_connection.hpp"

namespace howdah::failover {

namespace {

constexpr Duration kMemberLimit = 1s;      // one member's: they answer in milliseconds
constexpr Duration kBackAfter = 5s;        // a silent one costs kMemberLimit each time
constexpr Duration kSwitchLimit = 30s;     // Patroni itself gives up after twenty

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

}  // namespace

PatroniWatcher::PatroniWatcher(HttpOptions options, Report report)
    : report_(std::move(report)), watching_(options), switching_(options), urls_(std::move(options.urls)) {
  watcher_.start([this] { keep_watching(); });
  switcher_.start([this] { keep_switching(); });
}

PatroniWatcher::~PatroniWatcher() {
  const auto wake = [this] {
    const std::lock_guard lock(mutex_);  // so that a thread cannot look before and sleep after
    wake_.notify_all();
  };
  watcher_.stop([&] { watching_.stop(), wake(); });
  switcher_.stop([&] { switching_.stop(), wake(); });
}

void PatroniWatcher::watch(Duration period) {
  {
    const std::lock_guard lock(mutex_);
    period_ = period;
    is_asked_now_ = true;
  }
  wake_.notify_all();
}

void PatroniWatcher::switch_over(SwitchPatroni order) {
  {
    const std::lock_guard lock(mutex_);
    order_ = std::move(order);
  }
  wake_.notify_all();
}

void PatroniWatcher::keep_watching() {
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      const auto is_wanted = [this] { return watcher_.is_stopping() || is_asked_now_; };
      if (period_) wake_.wait_for(lock, *period_, is_wanted);
      else wake_.wait(lock, is_wanted);
      is_asked_now_ = false;
    }
    if (watcher_.is_stopping()) return;
    PatroniAnswered answer = ask();
    if (!watcher_.is_stopping()) report_(std::move(answer));
  }
}

PatroniAnswered PatroniWatcher::ask() {
  PatroniAnswered told{.asked_at = monotonic_now()};
  const auto answer = watching_.ask({.target = "/cluster"}, kMemberLimit);
  auto cluster = !answer                 ? Result<PatroniCluster>(answer.error())
                 : answer->status != 200 ? Error{ErrorCode::environment, fmt::format("status {}", answer->status)}
                                         : parse_patroni_cluster(answer->body);
  told.is_leader_mute = leader_url_ && *leader_url_ != watching_.current();
  if (told.is_leader_mute && told.asked_at >= back_at_) back_at_ = told.asked_at + kBackAfter;
  if (cluster) {
    prefer_leader(*cluster);
    told.cluster = std::move(*cluster);
  } else {
    told.error = to_text(cluster.error());
  }
  return told;
}

// The leader's own Patroni is asked first: its silence comes long before its leadership ends.
void PatroniWatcher::prefer_leader(const PatroniCluster& cluster) {
  const PatroniMember* leader = cluster.leader();
  const auto found = std::find_if(urls_.begin(), urls_.end(), [leader](const ServiceUrl& url) {
    return leader != nullptr && leader->api_url.starts_with(to_text(url) + "/");
  });
  const auto url = found == urls_.end() ? std::nullopt : std::optional(*found);
  if (leader_url_ != url) {
    const std::lock_guard lock(mutex_);
    leader_url_ = url;
    back_at_ = {};
  }
  if (url && monotonic_now() >= back_at_) watching_.prefer(*url);
}

void PatroniWatcher::keep_switching() {
  for (;;) {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [this] { return switcher_.is_stopping() || order_; });
    if (switcher_.is_stopping()) return;
    const SwitchPatroni order = *std::exchange(order_, std::nullopt);
    lock.unlock();
    PatroniSwitched outcome = carry_out(order);
    if (!switcher_.is_stopping()) report_(std::move(outcome));
  }
}

// The leader's own Patroni is the one that surely lives.
PatroniSwitched PatroniWatcher::carry_out(const SwitchPatroni& order) {
  {
    const std::lock_guard lock(mutex_);
    if (leader_url_) switching_.prefer(*leader_url_);
  }
  const auto answer = switching_.ask(
      {.target = "/switchover", .body = to_switchover_request(order.leader, order.candidate), .is_repeatable = false}, kSwitchLimit);
  if (!answer) return {order.id, false, to_text(answer.error())};
  return {order.id, answer->status == 200, first_line(answer->body)};
}

}  // namespace howdah::failover
