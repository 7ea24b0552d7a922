#include "pcp/console/facts.hpp"

#include <algorithm>

namespace howdah::pcp {

void PoolSum::add(const PoolSum& other) {
  clients += other.clients;
  waiting += other.waiting;
  active += other.active;
  idle += other.idle;
  tested += other.tested;
  canceled += other.canceled;
  connecting += other.connecting;
  longest_wait = std::max(longest_wait, other.longest_wait);
}

std::map<PoolName, PoolSum> sum_pools(const GatewayStats& stats) {
  std::map<PoolName, PoolSum> out;
  out[{std::string(kConsoleName), std::string(kConsoleName)}];
  for (const WorkerStats& worker : stats.workers) {
    for (const PoolStats& pool : worker.pools)
      out[{pool.database, pool.user}].add({.active = pool.leased,
                                           .idle = pool.idle,
                                           .tested = pool.resetting,
                                           .canceled = pool.cancelling,
                                           .connecting = pool.connecting});
    for (const ClientStats& client : worker.clients) {
      if (!client.is_logged_in) continue;
      PoolSum& pool = out[client.is_console ? PoolName{kConsoleName, kConsoleName} : PoolName{client.database, client.pool_user}];
      ++(client.waiting ? pool.waiting : pool.clients);
      pool.longest_wait = std::max(pool.longest_wait, client.waiting.value_or(Duration{}));
    }
  }
  return out;
}

TrafficBooks sum_traffic(const GatewayStats& stats) {
  TrafficBooks out;
  out[std::string(kConsoleName)];
  for (const WorkerStats& worker : stats.workers)
    for (const DatabaseTraffic& traffic : worker.traffic) add(out[traffic.database], traffic.counters);
  return out;
}

std::map<std::string, PoolSum> sum_databases(const ConsoleFacts& facts) {
  std::map<std::string, PoolSum> out;
  for (const auto& [name, sum] : sum_pools(facts.facts.stats)) out[name.first].add(sum);
  for (const auto& [name, orders] : facts.orders.databases) out[name];
  for (const DatabaseSettings& database : facts.settings().databases)
    if (database.database_name() != kEveryOther) out[database.database_name()];
  return out;
}

}  // namespace howdah::pcp
