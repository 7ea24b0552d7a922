// The reports of the console: one row of a table each, and for every report one table of its columns, in PgBouncer's order
// with PgBouncer's names and types. What has no meaning here has the value PgBouncer shows where it has none.
#pragma once

#include "pcp/console/answer.hpp"
#include "pcp/console/facts.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <string_view>

namespace howdah::pcp {

// What the tables of columns are written with.
inline constexpr auto kText = CellType::text;
inline constexpr auto kInt = CellType::int4;
inline constexpr auto kNew = Since::after_1_18;
inline constexpr std::int64_t kSecond = 1'000'000;  // in us

template <typename Number>
Cell number(Number value) {
  return fmt::to_string(value);
}

struct ConsoleReport {
  std::string_view name;  // behind SHOW, in lower case
  Since since = Since::ever;
  StatsWanted needs = {};
  ConsoleAnswer (*make)(const ConsoleFacts& facts) = nullptr;
};

// nullptr: there is none of that name in that release.
const ConsoleReport* find_console_report(std::string_view name, PgbouncerCompatibility version);

// Each in the file of its topic.
ConsoleAnswer show_databases(const ConsoleFacts& facts);    // pool_reports.cpp
ConsoleAnswer show_pools(const ConsoleFacts& facts);
ConsoleAnswer show_users(const ConsoleFacts& facts);
ConsoleAnswer show_lists(const ConsoleFacts& facts);
ConsoleAnswer show_stats(const ConsoleFacts& facts);        // traffic_reports.cpp
ConsoleAnswer show_stats_totals(const ConsoleFacts& facts);
ConsoleAnswer show_stats_averages(const ConsoleFacts& facts);
ConsoleAnswer show_totals(const ConsoleFacts& facts);
ConsoleAnswer show_clients(const ConsoleFacts& facts);      // socket_reports.cpp
ConsoleAnswer show_servers(const ConsoleFacts& facts);
ConsoleAnswer show_sockets(const ConsoleFacts& facts);
ConsoleAnswer show_active_sockets(const ConsoleFacts& facts);
ConsoleAnswer show_config(const ConsoleFacts& facts);       // config_report.cpp
ConsoleAnswer show_help(const ConsoleFacts& facts);         // small_reports.cpp
ConsoleAnswer show_version(const ConsoleFacts& facts);
ConsoleAnswer show_mem(const ConsoleFacts& facts);
ConsoleAnswer show_dns_hosts(const ConsoleFacts& facts);
ConsoleAnswer show_dns_zones(const ConsoleFacts& facts);
ConsoleAnswer show_peers(const ConsoleFacts& facts);
ConsoleAnswer show_peer_pools(const ConsoleFacts& facts);
ConsoleAnswer show_state(const ConsoleFacts& facts);

}  // namespace howdah::pcp
