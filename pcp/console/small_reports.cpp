// SHOW HELP, VERSION, MEM, DNS_HOSTS, DNS_ZONES, PEERS, PEER_POOLS, STATE. Most of what they speak of does not exist here:
// they have their columns, and no rows or zeros.
#include "pcp/console/console_reports.hpp"

#include <fmt/format.h>

#include <array>

namespace howdah::pcp {

namespace {

constexpr std::string_view kHelp =
    "\n\tSHOW HELP|CONFIG|DATABASES|POOLS|CLIENTS|SERVERS|USERS|VERSION\n"
    "\tSHOW PEERS|PEER_POOLS\n"
    "\tSHOW SOCKETS|ACTIVE_SOCKETS|LISTS|MEM|STATE\n"
    "\tSHOW DNS_HOSTS|DNS_ZONES\n"
    "\tSHOW STATS|STATS_TOTALS|STATS_AVERAGES|TOTALS\n"
    "\tSET key = arg\n"
    "\tRELOAD\n"
    "\tPAUSE [<db>]\n"
    "\tRESUME [<db>]\n"
    "\tDISABLE <db>\n"
    "\tENABLE <db>\n"
    "\tRECONNECT [<db>]\n"
    "\tKILL [<db>]\n"
    "\tKILL_CLIENT <client_id>\n"
    "\tSUSPEND\n"
    "\tSHUTDOWN\n"
    "\tSHUTDOWN WAIT_FOR_SERVERS|WAIT_FOR_CLIENTS\n"
    "\tWAIT_CLOSE [<db>]";

// PgBouncer's caches. Howdah has none of the kind.
struct Cache {
  std::string_view name;
  Since since = Since::ever;
};
constexpr auto kCaches = std::to_array<Cache>({{"user_cache"},
                                               {"credentials_cache", Since::after_1_18},
                                               {"db_cache"},
                                               {"peer_cache", Since::after_1_18},
                                               {"peer_pool_cache", Since::after_1_18},
                                               {"pool_cache"},
                                               {"outstanding_request_cache", Since::after_1_18},
                                               {"server_cache"},
                                               {"client_cache"},
                                               {"iobuf_cache"},
                                               {"var_list_cache", Since::after_1_18},
                                               {"server_prepared_statement_cache", Since::after_1_18}});

}  // namespace

ConsoleAnswer show_help(const ConsoleFacts&) {
  return {.notice = "Console usage", .notice_detail = std::string(kHelp)};
}

ConsoleAnswer show_version(const ConsoleFacts& facts) {
  return {.columns = {"version"},
          .types = {kText},
          .rows = {{fmt::format("PgBouncer {} (howdah {})", release_of(facts.version()), facts.facts.version)}}};
}

ConsoleAnswer show_mem(const ConsoleFacts& facts) {
  ConsoleAnswer answer{.columns = {"name", "size", "used", "free", "memtotal"}, .types = {kText, kInt, kInt, kInt, kInt}};
  for (const Cache& cache : kCaches)
    if (is_in(cache.since, facts.version())) answer.rows.push_back({std::string(cache.name), "0", "0", "0", "0"});
  return answer;
}

ConsoleAnswer show_dns_hosts(const ConsoleFacts&) {
  return {.columns = {"hostname", "ttl", "addrs"}, .types = {kText, CellType::int8, kText}};
}

ConsoleAnswer show_dns_zones(const ConsoleFacts&) {
  return {.columns = {"zonename", "serial", "count"}, .types = {kText, CellType::int8, kInt}};
}

ConsoleAnswer show_peers(const ConsoleFacts&) {
  return {.columns = {"peer_id", "host", "port", "pool_size"}, .types = {kInt, kText, kInt, kInt}};
}

ConsoleAnswer show_peer_pools(const ConsoleFacts&) {
  return {.columns = {"peer_id", "cl_active_cancel_req", "cl_waiting_cancel_req", "sv_active_cancel", "sv_login"},
          .types = {kInt, kInt, kInt, kInt, kInt}};
}

ConsoleAnswer show_state(const ConsoleFacts& facts) {
  const auto yes_if = [](bool holds) { return Cell{holds ? "yes" : "no"}; };
  const StandingOrders& orders = facts.orders;
  return {.columns = {"key", "value"},
          .types = {kText, kText},
          .rows = {{"active", yes_if(!orders.is_paused && !orders.is_suspended)},
                   {"paused", yes_if(orders.is_paused)},
                   {"suspended", yes_if(orders.is_suspended)}}};
}

}  // namespace howdah::pcp
