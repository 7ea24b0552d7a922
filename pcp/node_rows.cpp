#include "pcp/node_rows.hpp"

#include "pcp/date_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace howdah::pcp {

namespace {

// Pgpool's clients divide by this to get the share back.
constexpr double kWholeWeight = 2147483647.0;

template <typename T>
std::string decimal(T value) {
  return fmt::to_string(value);
}

std::string answers_text(const NodeRow& row) {
  if (!row.is_probed) return "unknown";
  return row.node.answers ? "up" : "down";
}

std::string_view role_text(const NodeRow& row, Role role) {
  if (!row.is_streaming) return row.is_main ? "main" : "replica";
  return role == Role::primary ? "primary" : "standby";
}

std::string probed_role(const NodeRow& row) {
  const bool is_asked = row.is_probed && row.node.answers && row.is_role_probed;
  if (!is_asked || row.node.probed_role == Role::unknown) return "unknown";
  return std::string(role_text(row, row.node.probed_role));
}

std::string role_number(std::string_view role) {
  constexpr std::array<std::string_view, 4> kRoles{"main", "replica", "primary", "standby"};
  return decimal(std::find(kRoles.begin(), kRoles.end(), role) - kRoles.begin());
}

bool is_primary(const NodeRow& row) { return row.node.role == Role::primary; }

std::string delay_text(const NodeRow& row) {
  if (is_primary(row)) return "0";
  if (!row.is_delay_in_time) return decimal(row.node.lag_bytes.value_or(0));
  const auto delay = row.node.lag_time.value_or(microseconds{0});
  const auto whole = std::chrono::duration<double>(delay).count();
  return fmt::format("{:.6f} {}", whole, delay >= 2s ? "seconds" : "second");
}

std::string delay_number(const NodeRow& row) {
  if (is_primary(row)) return "0";
  if (!row.is_delay_in_time) return decimal(row.node.lag_bytes.value_or(0));
  return decimal(row.node.lag_time.value_or(microseconds{0}).count());
}

std::string whole_ms(Duration duration) { return decimal(std::chrono::duration_cast<milliseconds>(duration).count()); }

template <StatementCount kind>
std::string counter(const NodeRow& row) {
  return decimal(row.counters[kind]);
}

constexpr Column<NodeRow> kNodeId{"node_id", [](const NodeRow& r) { return decimal(r.node.id.value); }};
constexpr Column<NodeRow> kHost{"hostname", [](const NodeRow& r) { return r.node.host; }};
constexpr Column<NodeRow> kPort{"port", [](const NodeRow& r) { return decimal(r.node.port); }};
constexpr Column<NodeRow> kStatus{"status", [](const NodeRow& r) { return status_name(r.node); }};
constexpr Column<NodeRow> kRole{"role", [](const NodeRow& r) { return std::string(r.role); }};
constexpr Column<NodeRow> kChanged{"last_status_change",
                                   [](const NodeRow& r) { return to_date_text(r.node.state_changed_at); }};

constexpr std::array kNodeColumns{
    kNodeId,
    kHost,
    kPort,
    kStatus,
    Column<NodeRow>{"pg_status", [](const NodeRow& r) { return answers_text(r); }},
    Column<NodeRow>{"lb_weight", [](const NodeRow& r) { return fmt::format("{:.6f}", r.share); }},
    kRole,
    Column<NodeRow>{"pg_role", [](const NodeRow& r) { return probed_role(r); }},
    Column<NodeRow>{"select_cnt", &counter<StatementCount::select>},
    Column<NodeRow>{"load_balance_node",
                    [](const NodeRow& r) { return std::string(r.is_for_asker ? "true" : "false"); }},
    Column<NodeRow>{"replication_delay", [](const NodeRow& r) { return delay_text(r); }},
    Column<NodeRow>{"replication_state", [](const NodeRow& r) { return r.node.replication_state; }},
    Column<NodeRow>{"replication_sync_state", [](const NodeRow& r) { return r.node.sync_state; }},
    kChanged,
};

constexpr std::array kHealthColumns{
    kNodeId,
    kHost,
    kPort,
    kStatus,
    kRole,
    kChanged,
    Column<NodeRow>{"total_count", [](const NodeRow& r) { return decimal(r.health.total); }},
    Column<NodeRow>{"success_count", [](const NodeRow& r) { return decimal(r.health.succeeded); }},
    Column<NodeRow>{"fail_count", [](const NodeRow& r) { return decimal(r.health.failed); }},
    Column<NodeRow>{"skip_count", [](const NodeRow& r) { return decimal(r.health.skipped); }},
    Column<NodeRow>{"retry_count", [](const NodeRow& r) { return decimal(r.health.retries); }},
    Column<NodeRow>{"average_retry_count",
                    [](const NodeRow& r) { return fmt::format("{:.6f}", r.health.mean_retries()); }},
    Column<NodeRow>{"max_retry_count", [](const NodeRow& r) { return decimal(r.health.most_retries); }},
    Column<NodeRow>{"max_duration", [](const NodeRow& r) { return whole_ms(r.health.longest); }},
    Column<NodeRow>{"min_duration", [](const NodeRow& r) { return whole_ms(r.health.shortest); }},
    Column<NodeRow>{"average_duration", [](const NodeRow& r) { return fmt::format("{:.6f}", r.health.mean_ms()); }},
    Column<NodeRow>{"last_health_check", [](const NodeRow& r) { return to_date_text(r.health.last_check); }},
    Column<NodeRow>{"last_successful_health_check",
                    [](const NodeRow& r) { return to_date_text(r.health.last_success); }},
    Column<NodeRow>{"last_skip_health_check", [](const NodeRow& r) { return to_date_text(r.health.last_skip); }},
    Column<NodeRow>{"last_failed_health_check", [](const NodeRow& r) { return to_date_text(r.health.last_failure); }},
};

constexpr std::array kBackendStatsColumns{
    kNodeId,
    kHost,
    kPort,
    kStatus,
    kRole,
    Column<NodeRow>{"select_cnt", &counter<StatementCount::select>},
    Column<NodeRow>{"insert_cnt", &counter<StatementCount::insert>},
    Column<NodeRow>{"update_cnt", &counter<StatementCount::update>},
    Column<NodeRow>{"delete_cnt", &counter<StatementCount::remove>},
    Column<NodeRow>{"ddl_cnt", &counter<StatementCount::ddl>},
    Column<NodeRow>{"other_cnt", &counter<StatementCount::other>},
    Column<NodeRow>{"panic_cnt", &counter<StatementCount::panic>},
    Column<NodeRow>{"fatal_cnt", &counter<StatementCount::fatal>},
    Column<NodeRow>{"error_cnt", &counter<StatementCount::error>},
};
static_assert(kBackendStatsColumns.size() == 5 + kStatementCounts);

NodeCounters sum_counters(const GatewayStats& stats, NodeId node) {
  NodeCounters sum{.node = node};
  for (const WorkerStats& worker : stats.workers)
    for (const NodeCounters& part : worker.counters)
      if (part.node == node)
        for (std::size_t i = 0; i < kStatementCounts; ++i) sum.counts[i] += part.counts[i];
  return sum;
}

NodeRow make_row(const NodeView& node, const Facts& facts) {
  const Settings& settings = *facts.settings;
  NodeRow row{.node = node};
  row.is_streaming = settings.clustering.backend_clustering_mode() != ClusteringMode::raw;
  if (const NodeSettings* own = settings.find_node(node.id)) row.is_probed = settings.health_of(*own).period > 0s;
  row.is_role_probed = settings.replication.sr_check_period() > 0s;
  row.is_delay_in_time = settings.replication.delay_threshold_by_time() > 0ms;
  row.is_for_asker = facts.asker.load_balance_node == node.id;
  row.counters = sum_counters(facts.stats, node.id);
  if (const auto found = facts.health.find(node.id); found != facts.health.end()) row.health = found->second;
  return row;
}

}  // namespace

std::string status_name(const NodeView& node) {
  if (node.is_quarantined) return "quarantine";
  switch (node.state) {
    case NodeState::unused:
      return "unused";
    case NodeState::waiting:
      return "waiting";
    case NodeState::up:
      return "up";
    case NodeState::down:
      return "down";
  }
  return "unused";
}

std::vector<NodeRow> node_rows(const Facts& facts) {
  double whole = 0;
  for (const NodeView& node : facts.view->nodes) whole += node.weight;
  std::vector<NodeRow> rows;
  bool is_main_found = false;
  for (const NodeView& node : facts.view->nodes) {
    NodeRow row = make_row(node, facts);
    row.share = whole > 0 ? node.weight / whole : 0;
    row.is_main = !is_main_found && node.is_usable();
    is_main_found = is_main_found || row.is_main;
    row.role = role_text(row, node.role);
    rows.push_back(std::move(row));
  }
  return rows;
}

std::span<const Column<NodeRow>> node_columns() { return kNodeColumns; }
std::span<const Column<NodeRow>> health_columns() { return kHealthColumns; }
std::span<const Column<NodeRow>> backend_stats_columns() { return kBackendStatsColumns; }

std::vector<std::string> node_record(const NodeRow& row, bool has_delay_kind) {
  std::vector<std::string> record{
      row.node.host,
      decimal(row.node.port),
      decimal(static_cast<int>(row.node.state)),
      row.node.is_quarantined ? "1" : "0",
      answers_text(row),
      fmt::format("{:.6f}", row.share * kWholeWeight),
      role_number(row.role),
      probed_role(row),
  };
  if (has_delay_kind) record.emplace_back(row.is_delay_in_time ? "1" : "0");
  record.push_back(delay_number(row));
  record.push_back(row.node.replication_state);
  record.push_back(row.node.sync_state);
  record.push_back(decimal(row.node.state_changed_at.time_since_epoch().count()));
  return record;
}

}  // namespace howdah::pcp
