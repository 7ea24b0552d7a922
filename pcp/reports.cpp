#include "pcp/reports.hpp"

#include "pcp/failover_rows.hpp"
#include "pcp/node_rows.hpp"
#include "pcp/process_rows.hpp"
#include "pcp/settings_rows.hpp"
#include "pcp/statement_rows.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>

namespace howdah::pcp {

namespace {

constexpr std::string_view kPgpoolVersion = "4.7.2";  // whose answers these are

template <typename Columns, typename Rows>
Report tabulate(const Columns& columns, const Rows& rows) {
  Report report{.columns = column_names(columns)};
  for (const auto& row : rows) report.rows.push_back(cells_of(columns, row));
  return report;
}

Report status(const Facts& facts) {
  Report report{.columns = {"item", "value", "description"}};
  for (SettingRow& row : status_rows(facts))
    report.rows.push_back({std::move(row.item), std::move(row.value), std::move(row.description)});
  return report;
}

// There is no query cache (yet): Pgpool answers zeros when it is off.
Report cache(const Facts&) {
  return {.columns = {"num_cache_hits", "num_selects", "cache_hit_ratio", "num_hash_entries", "used_hash_entries",
                      "num_cache_entries", "used_cache_entries_size", "free_cache_entries_size",
                      "fragment_cache_entries_size"},
          .rows = {{"0", "0", "0.00", "0", "0", "0", "0", "0", "0"}}};
}

Report health(const Facts& facts) { return tabulate(health_columns(), node_rows(facts)); }

enum class Needs { nothing, counters, statements, fingerprints };  // of the workers

struct ReportKind {
  std::string_view name;
  Needs needs;
  Report (*make)(const Facts& facts);
};

constexpr std::array kReports{
    ReportKind{"nodes", Needs::counters, [](const Facts& f) { return tabulate(node_columns(), node_rows(f)); }},
    ReportKind{"status", Needs::nothing, &status},
    ReportKind{"version", Needs::nothing,
               [](const Facts& f) {
                 return Report{{"pool_version"}, {{pool_version(f.version)}}};
               }},
    ReportKind{"processes", Needs::counters,
               [](const Facts& f) { return tabulate(process_columns(), process_rows(f.stats)); }},
    ReportKind{"pools", Needs::statements, [](const Facts& f) { return tabulate(pool_columns(), pool_rows(f.stats)); }},
    ReportKind{"health_check_stats", Needs::nothing, &health},
    ReportKind{"health", Needs::nothing, &health},
    ReportKind{"backend_stats", Needs::counters,
               [](const Facts& f) { return tabulate(backend_stats_columns(), node_rows(f)); }},
    ReportKind{"failovers", Needs::nothing,
               [](const Facts& f) { return tabulate(failover_columns(), failover_rows(f.failovers)); }},
    ReportKind{"cache", Needs::nothing, &cache},
    ReportKind{"statements", Needs::fingerprints,
               [](const Facts& f) { return tabulate(statement_columns(), statement_rows(f.stats)); }},
    ReportKind{"routing", Needs::counters,
               [](const Facts& f) { return tabulate(reason_columns(), reason_rows(f.stats)); }},
};

const ReportKind* find_report(std::string_view name) {
  for (const ReportKind& report : kReports)
    if (report.name == name) return &report;
  return nullptr;
}

Error unknown_report(std::string_view name) {
  return {ErrorCode::unknown_parameter, fmt::format("unrecognized configuration parameter \"pool_{}\"", name)};
}

}  // namespace

Facts facts_now(ControlSurface& surface) {
  Facts facts{.view = surface.view(), .settings = surface.settings(), .failovers = surface.failovers(),
              .version = surface.version()};
  for (const NodeView& node : facts.view->nodes)
    if (auto stats = surface.health_check_stats(node.id)) facts.health.emplace(node.id, *stats);
  return facts;
}

void show_report(ControlSurface& surface, std::string_view name, const Asker& asker,
                 std::function<void(Result<Report>)> then) {
  const ReportKind* report = find_report(name);
  if (report == nullptr) return then(unknown_report(name));
  Facts facts = facts_now(surface);
  facts.asker = asker;
  if (report->needs == Needs::nothing) return then(report->make(facts));
  const StatsWanted wanted{.statements = report->needs == Needs::statements,
                           .fingerprints = report->needs == Needs::fingerprints};
  surface.collect_stats(wanted, [report, facts = std::move(facts), then = std::move(then)](GatewayStats stats) mutable {
    facts.stats = std::move(stats);
    then(report->make(facts));
  });
}

bool is_report(std::string_view name) { return find_report(name) != nullptr; }

Result<Report> make_report(std::string_view name, const Facts& facts) {
  const ReportKind* report = find_report(name);
  if (report == nullptr) return unknown_report(name);
  return report->make(facts);
}

std::string pool_version(std::string_view howdah_version) {
  return fmt::format("{} (howdah {})", kPgpoolVersion, howdah_version);
}

}  // namespace howdah::pcp
