#include "pcp/process_rows.hpp"

#include "pcp/date_text.hpp"

#include <fmt/format.h>

#include <array>
#include <optional>
#include <unordered_map>

namespace howdah::pcp {

namespace {

std::string state_text(const ClientStats* client) {
  switch (client == nullptr ? ClientState::wait_for_connection : client->state) {
    case ClientState::wait_for_connection:
      return "Wait for connection";
    case ClientState::connecting:
      return "Connecting";
    case ClientState::idle:
      return "Idle";
    case ClientState::idle_in_transaction:
      return "Idle in transaction";
    case ClientState::execute_command:
      return "Execute command";
  }
  return {};
}

template <typename Part>
std::string text_of(const Part* part, std::string Part::*member) {
  return part == nullptr ? std::string() : part->*member;
}

// A number of a part that may be missing; `without` then.
template <typename Part, typename Number>
std::string number_of(const Part* part, Number Part::*member, std::string without) {
  return part == nullptr ? without : fmt::to_string(part->*member);
}

std::string opened_at(const ServerStats* server) {
  return server == nullptr ? std::string() : to_date_text(server->opened_at);
}

bool is_for_reads(const PoolRow& row) {
  return row.client != nullptr && row.client->load_balance_node == row.server->node;
}

std::string client_port(const PoolRow& row) {
  return row.client == nullptr || row.client->port == 0 ? std::string() : fmt::to_string(row.client->port);
}

std::string idle_seconds(const PoolRow& row) {
  return row.client == nullptr ? "0" : fmt::to_string(row.client->idle.count());
}

constexpr std::array kPoolColumns{
    Column<PoolRow>{"pool_pid", [](const PoolRow& r) { return fmt::to_string(r.worker->thread_id); }},
    Column<PoolRow>{"start_time", [](const PoolRow& r) { return to_date_text(r.worker->started_at); }},
    Column<PoolRow>{"client_connection_count",
                    [](const PoolRow& r) { return fmt::to_string(r.worker->clients_served); }},
    Column<PoolRow>{"pool_id", [](const PoolRow& r) { return fmt::to_string(r.slot); }},
    Column<PoolRow>{
        "backend_id",
        [](const PoolRow& r) { return r.server ? fmt::to_string(r.server->node.value) : std::string("0"); }},
    Column<PoolRow>{"database", [](const PoolRow& r) { return text_of(r.server, &ServerStats::database); }},
    Column<PoolRow>{"username", [](const PoolRow& r) { return text_of(r.server, &ServerStats::user); }},
    Column<PoolRow>{"backend_connection_time", [](const PoolRow& r) { return opened_at(r.server); }},
    Column<PoolRow>{
        "client_connection_time",
        [](const PoolRow& r) { return r.server ? to_date_text(r.server->client_connected_at) : std::string(); }},
    Column<PoolRow>{"client_disconnection_time",
                    [](const PoolRow& r) { return r.server ? to_date_text(r.server->client_left_at) : std::string(); }},
    Column<PoolRow>{"client_idle_duration", [](const PoolRow& r) { return idle_seconds(r); }},
    Column<PoolRow>{"majorversion", [](const PoolRow& r) { return std::string(r.server ? "3" : "0"); }},
    Column<PoolRow>{"minorversion", [](const PoolRow&) { return std::string("0"); }},
    Column<PoolRow>{"pool_counter", [](const PoolRow& r) { return number_of(r.server, &ServerStats::uses, "0"); }},
    Column<PoolRow>{"pool_backendpid", [](const PoolRow& r) { return number_of(r.server, &ServerStats::pid, "0"); }},
    Column<PoolRow>{"pool_connected",
                    [](const PoolRow& r) { return std::string(r.server && r.server->held_by ? "1" : "0"); }},
    Column<PoolRow>{"status", [](const PoolRow& r) { return state_text(r.client); }},
    Column<PoolRow>{"load_balance_node", [](const PoolRow& r) { return std::string(is_for_reads(r) ? "1" : "0"); }},
    Column<PoolRow>{"client_host", [](const PoolRow& r) { return text_of(r.client, &ClientStats::host); }},
    Column<PoolRow>{"client_port", [](const PoolRow& r) { return client_port(r); }},
    Column<PoolRow>{"statement", [](const PoolRow& r) { return text_of(r.client, &ClientStats::statement); }},
};
static_assert(kPoolColumns[kPoolColumnsOf43 - 1].name == "status");

constexpr std::array kProcessColumns{
    Column<ProcessRow>{"pool_pid", [](const ProcessRow& r) { return fmt::to_string(r.worker->thread_id); }},
    Column<ProcessRow>{"start_time", [](const ProcessRow& r) { return to_date_text(r.worker->started_at); }},
    Column<ProcessRow>{"client_connection_count",
                       [](const ProcessRow& r) { return fmt::to_string(r.worker->clients_served); }},
    Column<ProcessRow>{"database", [](const ProcessRow& r) { return text_of(r.client, &ClientStats::database); }},
    Column<ProcessRow>{"username", [](const ProcessRow& r) { return text_of(r.client, &ClientStats::user); }},
    Column<ProcessRow>{"backend_connection_time", [](const ProcessRow& r) { return opened_at(r.server); }},
    Column<ProcessRow>{"pool_counter", [](const ProcessRow& r) { return number_of(r.server, &ServerStats::uses, ""); }},
    Column<ProcessRow>{"status", [](const ProcessRow& r) { return state_text(r.client); }},
};

}  // namespace

std::vector<PoolRow> pool_rows(const GatewayStats& stats) {
  std::vector<PoolRow> rows;
  for (const WorkerStats& worker : stats.workers) {
    std::unordered_map<SessionId, const ClientStats*> clients;
    for (const ClientStats& client : worker.clients) clients.emplace(client.id, &client);
    std::size_t slot = 0;
    for (const ServerStats& server : worker.servers) {
      const auto holder = server.held_by ? clients.find(*server.held_by) : clients.end();
      rows.push_back({&worker, slot++, &server, holder == clients.end() ? nullptr : holder->second});
    }
    if (worker.servers.empty()) rows.push_back({.worker = &worker});
  }
  return rows;
}

std::vector<ProcessRow> process_rows(const GatewayStats& stats) {
  std::vector<ProcessRow> rows;
  for (const WorkerStats& worker : stats.workers) {
    std::unordered_map<SessionId, const ServerStats*> held;
    for (const ServerStats& server : worker.servers)
      if (server.held_by) held.emplace(*server.held_by, &server);
    for (const ClientStats& client : worker.clients) {
      const auto server = held.find(client.id);
      rows.push_back({&worker, &client, server == held.end() ? nullptr : server->second});
    }
    if (worker.clients.empty()) rows.push_back({.worker = &worker});
  }
  return rows;
}

std::span<const Column<PoolRow>> pool_columns() { return kPoolColumns; }
std::span<const Column<ProcessRow>> process_columns() { return kProcessColumns; }

}  // namespace howdah::pcp
