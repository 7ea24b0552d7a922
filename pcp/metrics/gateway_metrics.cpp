// Howdah's own metrics. To add one: a row, and what collects it if nothing here does.
#include <algorithm>
#include <array>
#include <string>
#include <type_traits>

#include "pcp/metrics/metric.hpp"

namespace howdah::pcp {

namespace {

double in_seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

double value_of(std::uint64_t count) { return static_cast<double>(count); }
double value_of(Duration duration) { return in_seconds(duration); }

template <auto counter>
void traffic(const Facts& facts, Samples& samples) {
  for (const WorkerStats& worker : facts.stats.workers)
    for (const DatabaseTraffic& one : worker.traffic) samples.add({{"database", one.database}}, value_of(one.counters.*counter));
}

template <typename Visit>
void for_each_client(const Facts& facts, Visit visit) {
  for (const WorkerStats& worker : facts.stats.workers)
    for (const ClientStats& client : worker.clients) visit(client);
}

std::string state_of(const ClientStats& client) {
  if (!client.is_logged_in) return "connecting";
  if (client.waiting) return "waiting";
  switch (client.state) {
    case ClientState::wait_for_connection:
    case ClientState::connecting: return "connecting";
    case ClientState::idle: return "idle";
    case ClientState::idle_in_transaction: return "idle in transaction";
    case ClientState::execute_command: return "active";
  }
  return {};
}

// Of strangers no names: whoever can connect could make as many series as he likes.
void clients(const Facts& facts, Samples& samples) {
  for_each_client(facts, [&](const ClientStats& client) {
    const ClientStats named = client.is_logged_in ? client : ClientStats{};
    samples.add({{"database", named.database}, {"user", named.user}, {"state", state_of(client)}}, 1);
  });
}

void pinned_clients(const Facts& facts, Samples& samples) {
  for_each_client(facts, [&](const ClientStats& client) {
    if (!client.pin_reason.empty()) samples.add({{"reason", client.pin_reason}}, 1);
  });
}

void longest_wait(const Facts& facts, Samples& samples) {
  Duration longest{};
  for_each_client(facts, [&](const ClientStats& client) { longest = std::max(longest, client.waiting.value_or(Duration{})); });
  samples.add(in_seconds(longest));
}

void clients_served(const Facts& facts, Samples& samples) {
  for (const WorkerStats& worker : facts.stats.workers) samples.add(value_of(worker.clients_served));
}

struct PoolCount {
  std::string_view state;
  std::uint32_t PoolStats::*count;
};
constexpr std::array kPoolCounts{PoolCount{"connecting", &PoolStats::connecting}, PoolCount{"idle", &PoolStats::idle},
                                 PoolCount{"active", &PoolStats::leased}, PoolCount{"resetting", &PoolStats::resetting},
                                 PoolCount{"cancelling", &PoolStats::cancelling}};

void server_connections(const Facts& facts, Samples& samples) {
  for (const WorkerStats& worker : facts.stats.workers)
    for (const PoolStats& pool : worker.pools)
      for (const PoolCount& one : kPoolCounts)
        samples.add({{"database", pool.database}, {"user", pool.user}, {"node", std::to_string(pool.node.value)}, {"state", std::string(one.state)}},
                    pool.*one.count);
}

void routed(const Facts& facts, Samples& samples) {
  for (const WorkerStats& worker : facts.stats.workers)
    for (const ReasonCount& reason : worker.reasons) samples.add({{"reason", std::string(reason.name)}}, value_of(reason.count));
}

struct StatementKindName {
  StatementCount kind;
  std::string_view name;
};
constexpr std::array kStatementNames{
    StatementKindName{StatementCount::select, "select"}, StatementKindName{StatementCount::insert, "insert"},
    StatementKindName{StatementCount::update, "update"}, StatementKindName{StatementCount::remove, "delete"},
    StatementKindName{StatementCount::ddl, "ddl"},       StatementKindName{StatementCount::other, "other"}};
constexpr std::array kSeverityNames{StatementKindName{StatementCount::panic, "panic"}, StatementKindName{StatementCount::fatal, "fatal"},
                                    StatementKindName{StatementCount::error, "error"}};
static_assert(kStatementNames.size() + kSeverityNames.size() == kStatementCounts);

void count_by_node(const Facts& facts, Samples& samples, const char* label, std::span<const StatementKindName> names) {
  for (const WorkerStats& worker : facts.stats.workers)
    for (const NodeCounters& node : worker.counters)
      for (const StatementKindName& one : names)
        samples.add({{"node", std::to_string(node.node.value)}, {label, std::string(one.name)}}, value_of(node[one.kind]));
}

std::string role_name(Role role) {
  if (role == Role::unknown) return "unknown";
  return role == Role::primary ? "primary" : "standby";
}

template <typename Value>  // of a node; nothing: it is not known
void by_node(const Facts& facts, Samples& samples, Value value) {
  for (const NodeView& node : facts.view->nodes)
    if (const auto known = value(node)) samples.add({{"node", std::to_string(node.id.value)}}, *known);
}

void nodes_up(const Facts& facts, Samples& samples) {
  for (const NodeView& node : facts.view->nodes)
    samples.add({{"node", std::to_string(node.id.value)}, {"hostname", node.host}, {"port", std::to_string(node.port)}, {"role", role_name(node.role)}},
                node.is_usable() ? 1 : 0);
}

void lag_bytes(const Facts& facts, Samples& samples) {
  by_node(facts, samples, [](const NodeView& node) {
    return node.lag_bytes ? std::optional<double>(value_of(*node.lag_bytes)) : std::nullopt;
  });
}

void lag_seconds(const Facts& facts, Samples& samples) {
  by_node(facts, samples, [](const NodeView& node) {
    return node.lag_time ? std::optional<double>(in_seconds(*node.lag_time)) : std::nullopt;
  });
}

void health_checks(const Facts& facts, Samples& samples) {
  for (const auto& [node, stats] : facts.health) {
    const std::string number = std::to_string(node.value);
    samples.add({{"node", number}, {"result", "success"}}, value_of(stats.succeeded));
    samples.add({{"node", number}, {"result", "failure"}}, value_of(stats.failed));
    samples.add({{"node", number}, {"result", "skipped"}}, value_of(stats.skipped));
  }
}

void started_at(const Facts& facts, Samples& samples) {
  if (facts.stats.workers.empty()) return;
  samples.add(static_cast<double>(facts.stats.workers.front().started_at.time_since_epoch().count()));
}

using enum MetricKind;

constexpr std::array kGatewayMetrics{
    Metric{"howdah_info", gauge, "1; the label tells the version.",
           [](const Facts& facts, Samples& samples) { samples.add({{"version", facts.version}}, 1); }},
    Metric{"howdah_start_time_seconds", gauge, "When this gateway began to serve, in Unix time.", &started_at},
    Metric{"howdah_clients", gauge, "Client connections; state is connecting, waiting (for a server connection), active, idle or idle in transaction.",
           &clients},
    Metric{"howdah_clients_served_total", counter, "Clients that were let in.", &clients_served},
    Metric{"howdah_clients_pinned", gauge, "Clients that keep their server connection because of a state that cannot be carried, by that state.",
           &pinned_clients},
    Metric{"howdah_client_wait_seconds_max", gauge, "How long the client that waits longest for a server connection has waited.", &longest_wait},
    Metric{"howdah_server_connections", gauge, "Connections to servers; state is connecting, idle, active, resetting or cancelling.",
           &server_connections},
    Metric{"howdah_transactions_total", counter, "Transactions of clients.", &traffic<&TrafficCounters::transactions>},
    Metric{"howdah_queries_total", counter, "Requests of clients.", &traffic<&TrafficCounters::queries>},
    Metric{"howdah_received_bytes_total", counter, "Bytes from clients.", &traffic<&TrafficCounters::received>},
    Metric{"howdah_sent_bytes_total", counter, "Bytes to clients.", &traffic<&TrafficCounters::sent>},
    Metric{"howdah_server_assignments_total", counter, "How often a client was lent a server connection.", &traffic<&TrafficCounters::assignments>},
    Metric{"howdah_client_parses_total", counter, "Parse messages of clients.", &traffic<&TrafficCounters::client_parses>},
    Metric{"howdah_server_parses_total", counter, "Parse messages to servers; less, where statements are shared.",
           &traffic<&TrafficCounters::server_parses>},
    Metric{"howdah_binds_total", counter, "Bind messages of clients.", &traffic<&TrafficCounters::binds>},
    Metric{"howdah_transaction_seconds_total", counter, "Time in transactions.", &traffic<&TrafficCounters::transaction_time>},
    Metric{"howdah_query_seconds_total", counter, "Time servers took to answer, without the waiting for a connection.",
           &traffic<&TrafficCounters::query_time>},
    Metric{"howdah_wait_seconds_total", counter, "Time clients waited for server connections.", &traffic<&TrafficCounters::wait_time>},
    Metric{"howdah_statements_routed_total", counter, "Statements, by the reason for where they went (SHOW POOL_ROUTING explains each).", &routed},
    Metric{"howdah_node_statements_total", counter, "Statements sent to a node; kind is select, insert, update, delete, ddl or other.",
           [](const Facts& facts, Samples& samples) { count_by_node(facts, samples, "kind", kStatementNames); }},
    Metric{"howdah_node_errors_total", counter, "Errors a node answered with; severity is panic, fatal or error.",
           [](const Facts& facts, Samples& samples) { count_by_node(facts, samples, "severity", kSeverityNames); }},
    Metric{"howdah_node_up", gauge, "1 if the node is used, 0 if it is down, detached or not configured.", &nodes_up},
    Metric{"howdah_node_lag_bytes", gauge, "WAL the standby has not replayed yet.", &lag_bytes},
    Metric{"howdah_node_lag_seconds", gauge, "The standby's replay lag as the primary tells it.", &lag_seconds},
    Metric{"howdah_health_checks_total", counter, "Probes of a node; result is success, failure or skipped.", &health_checks},
    Metric{"howdah_has_primary", gauge, "1 if there is a primary that may be sent writes.",
           [](const Facts& facts, Samples& samples) { samples.add(facts.view->primary ? 1 : 0); }},
    Metric{"howdah_is_switching", gauge, "1 while a failover or switchover is running: statements that need a primary wait.",
           [](const Facts& facts, Samples& samples) { samples.add(facts.view->is_switching ? 1 : 0); }},
    Metric{"howdah_cluster_epoch", gauge, "Grows whenever the primary changes.",
           [](const Facts& facts, Samples& samples) { samples.add(value_of(facts.view->epoch.value)); }},
};

}  // namespace

std::span<const Metric> gateway_metrics() { return kGatewayMetrics; }

}  // namespace howdah::pcp
