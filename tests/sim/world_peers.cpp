// The peers of a gateway: a Patroni, and an etcd with other gateways behind it, that scripts put words into the mouths of.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "tests/sim/world.hpp"

namespace howdah::sim {

namespace {

constexpr Duration kPatroniLatency = 2ms;
constexpr Duration kPatroniSwitch = 100ms;  // it stops the old leader
constexpr Duration kPatroniAnswer = 400ms;
constexpr Duration kEtcdLatency = 500us;  // one way
constexpr Duration kLease = 5s;

}  // namespace

void World::set_patroni(std::optional<int> leader) {
  patroni_.emplace();
  for (const SimPostgres& node : nodes_)
    patroni_->members.push_back({.name = fmt::format("node{}", node.id),
                                 .role = leader == node.id ? "leader" : "replica",
                                 .state = "running",
                                 .host = fmt::format("pg{}", node.id),
                                 .port = 5432,
                                 .timeline = TimelineId{node.timeline}});
}

void World::perform(const failover::WatchPatroni& action) {
  note(fmt::format("patroni is asked every {} ms", std::chrono::duration_cast<milliseconds>(action.period).count()));
  keep_asking_patroni(++patroni_watch_, action.period);
}

void World::keep_asking_patroni(std::uint64_t watch, Duration period) {
  if (watch != patroni_watch_) return;
  after(kPatroniLatency, for_this_gateway([this, asked_at = now_] {
          post(failover::PatroniAnswered{.cluster = patroni_, .error = patroni_ ? "" : "refused", .asked_at = asked_at});
        }));
  after(period, for_this_gateway([this, watch, period] { keep_asking_patroni(watch, period); }));
}

void World::perform(const failover::SwitchPatroni& action) {
  note(fmt::format("patroni switches over leader={} candidate={}", action.leader, action.candidate));
  int old = -1, candidate = -1;
  std::sscanf(action.leader.c_str(), "node%d", &old);
  std::sscanf(action.candidate.c_str(), "node%d", &candidate);
  if (!node(candidate).answers()) {
    after(kPatroniAnswer, for_this_gateway([this, id = action.id] {
            post(failover::PatroniSwitched{id, false, "switchover is not possible: no good candidates have been found"});
          }));
    return;
  }
  set_patroni(std::nullopt);
  after(kPatroniSwitch, [this, old, candidate] {
    promote_by_hand(candidate);
    demote(old, candidate);
    set_patroni(candidate);
  });
  after(kPatroniAnswer, for_this_gateway([this, id = action.id] { post(failover::PatroniSwitched{id, true, "Successfully switched over"}); }));
}

// --- etcd ---

void World::perform(const failover::WatchCouncil& action) { keep_reading_etcd(++council_watch_, action.period); }

void World::keep_reading_etcd(std::uint64_t watch, Duration period) {
  if (watch != council_watch_) return;
  read_etcd();
  after(period, for_this_gateway([this, watch, period] { keep_reading_etcd(watch, period); }));
}

// A reading renews the lease, and with it the vote.
void World::read_etcd() {
  after(kEtcdLatency, for_this_gateway([this, asked_at = now_] {
          if (is_etcd_away_) {
            after(kEtcdLatency, for_this_gateway([this, asked_at] { post(failover::CouncilSeen{{}, "no answer", asked_at, lease_until_}); }));
            return;
          }
          lease_until_ = asked_at + kLease;
          SimEtcd& etcd = universe_->etcd;
          etcd.renew(options_.failover.council.self, now_ + kLease);
          etcd.expire(now_);
          if (told_) etcd.put(*told_);
          failover::Assembly assembly = etcd.assembly;
          if (reads_no_votes_)
            std::erase_if(assembly.votes, [this](const failover::Vote& vote) { return vote.gateway != options_.failover.council.self; });
          if (has_endless_lease_) lease_until_ = asked_at + 1h;
          after(kEtcdLatency, for_this_gateway([this, asked_at, assembly, until = lease_until_] {
                  post(failover::CouncilSeen{assembly, "", asked_at, until});
                }));
        }));
}

void World::change_etcd(std::function<void()> change) {
  after(kEtcdLatency, for_this_gateway([this, change = std::move(change)] {
          universe_->etcd.expire(now_);
          if (!is_etcd_away_) change();
          read_etcd();
        }));
}

void World::perform(const failover::TellCouncil& action) {
  static constexpr std::array kStances{"writes", "drains", "quiet", "waits", "down"};
  note(fmt::format("vote primary={} stance={}", action.vote.primary ? action.vote.primary->value : -1,
                   kStances[static_cast<std::size_t>(action.vote.stance)]));
  told_ = action.vote;
  change_etcd([this, vote = action.vote] { universe_->etcd.put(vote); });
}

void World::perform(const failover::TakeLock& action) {
  note(fmt::format("take lock purpose={} primary={}", action.row.purpose == failover::LockPurpose::failover ? "failover" : "switchover",
                   action.row.primary.value));
  change_etcd([this, row = action.row]() mutable {
    if (assembly().lock) return;
    row.revision = next_revision();
    assembly().lock = row;
  });
}

void World::perform(const failover::DropLock& action) {
  note("drop lock");
  change_etcd([this, revision = action.revision] {
    if (assembly().lock && assembly().lock->revision == revision) assembly().lock.reset();
  });
}

void World::perform(const failover::ClaimOffice& action) {
  note(fmt::format("claim epoch={} node={} timeline={}", action.row.epoch.value, action.row.node.value, action.row.timeline.value));
  change_etcd([this, claim = action]() mutable {
    const bool is_unchanged = (assembly().office ? assembly().office->revision : 0) == claim.row.revision;
    const bool is_locked_so = (assembly().lock ? assembly().lock->revision : 0) == claim.lock_revision;
    if (!is_unchanged || !is_locked_so) return;
    claim.row.revision = next_revision();
    assembly().office = claim.row;
  });
}

}  // namespace howdah::sim
