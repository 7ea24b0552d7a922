// What the console's reports are made of, taken at one moment, and the sums over all workers they share.
#pragma once

#include "gateway/standing_orders.hpp"
#include "gateway/stats.hpp"
#include "pcp/console/answer.hpp"
#include "pcp/console/traffic_average.hpp"
#include "pcp/reports.hpp"

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace howdah::pcp {

struct ConsoleFacts {
  Facts facts = {};           // with the workers' numbers
  StandingOrders orders = {};
  TrafficBooks averages = {};  // per second, over the last stats_period
  WallTime now = {};

  PgbouncerCompatibility version() const { return facts.settings->howdah.pgbouncer_compatibility(); }
  const Settings& settings() const { return *facts.settings; }
};


// One pool as PgBouncer counts them: (database, user), over all nodes and workers.
struct PoolSum {
  std::uint32_t clients = 0;  // logged in and not waiting
  std::uint32_t waiting = 0;
  std::uint32_t active = 0;   // server connections lent
  std::uint32_t idle = 0;
  std::uint32_t tested = 0;
  std::uint32_t canceled = 0;
  std::uint32_t connecting = 0;
  Duration longest_wait = {};

  std::uint32_t servers() const { return active + idle + tested + canceled + connecting; }
  std::uint32_t all_clients() const { return clients + waiting; }
  void add(const PoolSum& other);
};
using PoolName = std::pair<std::string, std::string>;  // database, user

// In order of name; the console's own is ("pgbouncer", "pgbouncer").
std::map<PoolName, PoolSum> sum_pools(const GatewayStats& stats);
// Counters per database over all workers.
TrafficBooks sum_traffic(const GatewayStats& stats);
// Every database there is a pool, a client, an order or a setting of; with the console's.
std::map<std::string, PoolSum> sum_databases(const ConsoleFacts& facts);

}  // namespace howdah::pcp
