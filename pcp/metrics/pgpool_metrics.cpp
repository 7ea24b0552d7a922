// What pgpool2_exporter serves, by its names and labels, made of the same rows as the reports it asks for: dashboards
// and alerts for it keep working.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>

#include "pcp/metrics/metric.hpp"
#include "pcp/node_rows.hpp"
#include "pcp/process_rows.hpp"

namespace howdah::pcp {

namespace {

using enum MetricKind;

constexpr std::string_view kUpHelp = "1 if the node is up or waiting, 0 if it is down or unused.";

constexpr std::array kNodeColumnMetrics{
    NodeColumnMetric{"pool_nodes", "status", gauge, kUpHelp},
    NodeColumnMetric{"pool_nodes", "select_cnt", counter, "SELECT statements sent to the node."},
    NodeColumnMetric{"pool_nodes", "replication_delay", gauge, "How far the standby is behind: bytes, or seconds with delay_threshold_by_time."},
    NodeColumnMetric{"pool_backend_stats", "status", gauge, kUpHelp},
    NodeColumnMetric{"pool_backend_stats", "select_cnt", counter, "SELECT statements sent to the node."},
    NodeColumnMetric{"pool_backend_stats", "insert_cnt", counter, "INSERT statements sent to the node."},
    NodeColumnMetric{"pool_backend_stats", "update_cnt", counter, "UPDATE statements sent to the node."},
    NodeColumnMetric{"pool_backend_stats", "delete_cnt", counter, "DELETE statements sent to the node."},
    NodeColumnMetric{"pool_backend_stats", "ddl_cnt", counter, "DDL and the like sent to the node."},
    NodeColumnMetric{"pool_backend_stats", "other_cnt", counter, "Other statements sent to the node."},
    NodeColumnMetric{"pool_backend_stats", "panic_cnt", counter, "PANIC messages from the node."},
    NodeColumnMetric{"pool_backend_stats", "fatal_cnt", counter, "FATAL messages from the node."},
    NodeColumnMetric{"pool_backend_stats", "error_cnt", counter, "ERROR messages from the node."},
    NodeColumnMetric{"pool_health_check_stats", "status", gauge, kUpHelp},
    NodeColumnMetric{"pool_health_check_stats", "total_count", gauge, "Health checks."},
    NodeColumnMetric{"pool_health_check_stats", "success_count", gauge, "Health checks that succeeded."},
    NodeColumnMetric{"pool_health_check_stats", "fail_count", gauge, "Health checks that failed."},
    NodeColumnMetric{"pool_health_check_stats", "skip_count", gauge, "Health checks that were skipped."},
    NodeColumnMetric{"pool_health_check_stats", "retry_count", gauge, "Retries of health checks."},
    NodeColumnMetric{"pool_health_check_stats", "average_retry_count", gauge, "Retries per health check."},
    NodeColumnMetric{"pool_health_check_stats", "max_retry_count", gauge, "Most retries of one health check."},
    NodeColumnMetric{"pool_health_check_stats", "max_duration", gauge, "Longest health check, in milliseconds."},
    NodeColumnMetric{"pool_health_check_stats", "min_duration", gauge, "Shortest health check, in milliseconds."},
    NodeColumnMetric{"pool_health_check_stats", "average_duration", gauge, "Mean time of a health check, in milliseconds."},
};

struct NodeReport {
  std::string_view name;
  std::span<const Column<NodeRow>> (*columns)();
};
constexpr std::array kNodeReports{NodeReport{"pool_nodes", &node_columns}, NodeReport{"pool_backend_stats", &backend_stats_columns},
                                  NodeReport{"pool_health_check_stats", &health_columns}};

std::string cell(std::span<const Column<NodeRow>> columns, std::string_view name, const NodeRow& row) {
  const auto found = std::find_if(columns.begin(), columns.end(), [&](const auto& column) { return column.name == name; });
  return found == columns.end() ? std::string() : found->text(row);
}

// "up" counts as 1; of "0.5 second" the number.
double number_in(std::string_view column, const std::string& text) {
  if (column == "status") return text == "up" || text == "waiting" ? 1 : 0;
  return std::strtod(text.c_str(), nullptr);
}

double ratio(double part, double whole) { return whole > 0 ? part / whole : 0; }

bool is_used(const ProcessRow& row) { return row.client != nullptr && row.client->is_logged_in; }

template <typename Rows, typename Test>
double count_of(const Rows& rows, Test test) {
  return static_cast<double>(std::count_if(rows.begin(), rows.end(), test));
}

bool has_server(const PoolRow& row) { return row.server != nullptr; }

void frontend_total(const Facts& facts, Samples& samples) { samples.add(static_cast<double>(process_rows(facts.stats).size())); }

void frontend_used(const Facts& facts, Samples& samples) {
  for (const ProcessRow& row : process_rows(facts.stats))
    if (is_used(row)) samples.add({{"username", row.client->user}, {"database", row.client->database}}, 1);
}

void frontend_used_ratio(const Facts& facts, Samples& samples) {
  const auto rows = process_rows(facts.stats);
  samples.add(ratio(count_of(rows, is_used), static_cast<double>(rows.size())));
}

void backend_total(const Facts& facts, Samples& samples) { samples.add(static_cast<double>(pool_rows(facts.stats).size())); }

void backend_used(const Facts& facts, Samples& samples) { samples.add(count_of(pool_rows(facts.stats), has_server)); }

void backend_used_ratio(const Facts& facts, Samples& samples) {
  const auto rows = pool_rows(facts.stats);
  samples.add(ratio(count_of(rows, has_server), static_cast<double>(rows.size())));
}

std::string pid_of(const PoolRow& row) { return std::to_string(row.worker->thread_id); }

void backend_by_process_used(const Facts& facts, Samples& samples) {
  for (const PoolRow& row : pool_rows(facts.stats))
    if (row.server != nullptr)
      samples.add({{"pool_pid", pid_of(row)}, {"pool_id", std::to_string(row.slot)}, {"backend_id", std::to_string(row.server->node.value)},
                   {"username", row.server->user}, {"database", row.server->database}}, 1);
}

void backend_by_process_total(const Facts& facts, Samples& samples) {
  for (const PoolRow& row : pool_rows(facts.stats)) samples.add({{"pool_pid", pid_of(row)}}, 1);
}

void backend_by_process_used_ratio(const Facts& facts, Samples& samples) {
  Samples used, all;
  for (const PoolRow& row : pool_rows(facts.stats)) {
    all.add({{"pool_pid", pid_of(row)}}, 1);
    used.add({{"pool_pid", pid_of(row)}}, row.server != nullptr ? 1 : 0);
  }
  for (const auto& [labels, count] : all.values()) samples.add(labels, ratio(used.values().at(labels), count));
}

constexpr std::array kPgpoolMetrics{
    Metric{"pgpool2_up", gauge, "1: it answers.", [](const Facts&, Samples& samples) { samples.add(1); }},
    Metric{"pgpool2_version", gauge, "1; the label tells whose answers these are.",
           [](const Facts& facts, Samples& samples) {
             const std::string version = pool_version(facts.version);
             samples.add({{"version", version.substr(0, version.find(' '))}}, 1);
           }},
    Metric{"pgpool2_last_scrape_error", gauge, "0: these numbers are taken when they are asked for.",
           [](const Facts&, Samples& samples) { samples.add(0); }},
    Metric{"pgpool2_frontend_total", gauge, "Rows of SHOW POOL_PROCESSES: clients, and workers without any.", &frontend_total},
    Metric{"pgpool2_frontend_used", gauge, "Clients.", &frontend_used},
    Metric{"pgpool2_frontend_used_ratio", gauge, "Share of the rows of SHOW POOL_PROCESSES that are clients.", &frontend_used_ratio},
    Metric{"pgpool2_backend_total", gauge, "Rows of SHOW POOL_POOLS: server connections, and workers without any.", &backend_total},
    Metric{"pgpool2_backend_used", gauge, "Server connections.", &backend_used},
    Metric{"pgpool2_backend_used_ratio", gauge, "Share of the rows of SHOW POOL_POOLS that are server connections.", &backend_used_ratio},
    Metric{"pgpool2_backend_by_process_used", gauge, "Server connections, one by one.", &backend_by_process_used},
    Metric{"pgpool2_backend_by_process_total", gauge, "Rows of SHOW POOL_POOLS, by worker.", &backend_by_process_total},
    Metric{"pgpool2_backend_by_process_used_ratio", gauge, "Share of them that are server connections.", &backend_by_process_used_ratio},
};

}  // namespace

std::span<const Metric> pgpool_metrics() { return kPgpoolMetrics; }

std::span<const NodeColumnMetric> node_column_metrics() { return kNodeColumnMetrics; }

Samples collect(const NodeColumnMetric& metric, const Facts& facts) {
  const auto report = std::find_if(kNodeReports.begin(), kNodeReports.end(), [&](const auto& one) { return one.name == metric.report; });
  const auto columns = report->columns();
  Samples samples;
  for (const NodeRow& row : node_rows(facts)) {
    Labels labels;
    for (const char* label : {"hostname", "port", "role"}) labels.push_back({label, cell(columns, label, row)});
    samples.add(labels, number_in(metric.column, cell(columns, metric.column, row)));
  }
  return samples;
}

}  // namespace howdah::pcp
