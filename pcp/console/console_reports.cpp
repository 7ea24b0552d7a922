#include "pcp/console/console_reports.hpp"

#include <array>

namespace howdah::pcp {

namespace {

constexpr StatsWanted kSockets{.sockets = true};

constexpr std::array kConsoleReports{
    ConsoleReport{"help", Since::ever, {}, &show_help},
    ConsoleReport{"version", Since::ever, {}, &show_version},
    ConsoleReport{"databases", Since::ever, {}, &show_databases},
    ConsoleReport{"pools", Since::ever, {}, &show_pools},
    ConsoleReport{"stats", Since::ever, {}, &show_stats},
    ConsoleReport{"stats_totals", Since::ever, {}, &show_stats_totals},
    ConsoleReport{"stats_averages", Since::ever, {}, &show_stats_averages},
    ConsoleReport{"totals", Since::ever, {}, &show_totals},
    ConsoleReport{"clients", Since::ever, kSockets, &show_clients},
    ConsoleReport{"servers", Since::ever, kSockets, &show_servers},
    ConsoleReport{"sockets", Since::ever, kSockets, &show_sockets},
    ConsoleReport{"active_sockets", Since::ever, kSockets, &show_active_sockets},
    ConsoleReport{"users", Since::ever, {}, &show_users},
    ConsoleReport{"lists", Since::ever, {}, &show_lists},
    ConsoleReport{"config", Since::ever, {}, &show_config},
    ConsoleReport{"mem", Since::ever, {}, &show_mem},
    ConsoleReport{"dns_hosts", Since::ever, {}, &show_dns_hosts},
    ConsoleReport{"dns_zones", Since::ever, {}, &show_dns_zones},
    ConsoleReport{"peers", Since::after_1_18, {}, &show_peers},
    ConsoleReport{"peer_pools", Since::after_1_18, {}, &show_peer_pools},
    ConsoleReport{"state", Since::after_1_18, {}, &show_state},
};

}  // namespace

const ConsoleReport* find_console_report(std::string_view name, PgbouncerCompatibility version) {
  for (const ConsoleReport& report : kConsoleReports)
    if (report.name == name && is_in(report.since, version)) return &report;
  return nullptr;
}

}  // namespace howdah::pcp
