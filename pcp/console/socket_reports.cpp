// SHOW CLIENTS, SERVERS, SOCKETS, ACTIVE_SOCKETS: one table of columns for both ends; SOCKETS has seven more about buffers,
// of which a connection at rest has none here.
#include "pcp/console/console_reports.hpp"

#include <fmt/format.h>

#include <array>
#include <ctime>
#include <unordered_map>

namespace howdah::pcp {

namespace {

struct SocketRow {
  char type;          // C or S
  std::uint64_t id;
  std::uint32_t number;  // shown as id, and what KILL_CLIENT takes: int4
  std::string user;
  std::string database;
  std::string state;
  const SocketEnds* ends;
  WallTime connected_at;
  WallTime asked_at;  // its newest request
  Duration wait = {};
  bool is_close_needed = false;
  std::uint64_t link = 0;  // id of the other side; 0: none
  std::uint32_t remote_pid = 0;
  std::string application_name;
  std::size_t prepared = 0;
};

std::string time_text(WallTime time) {
  const std::time_t seconds = time.time_since_epoch().count();
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02} UTC", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour,
                     utc.tm_min, utc.tm_sec);
}

// PgBouncer shows addresses of its memory; what matters is that one names the same object as another.
std::string pointer(char type, std::uint64_t id) { return fmt::format("0x{:x}{:012x}", type == 'C' ? 0xc : 0x5, id); }

std::int64_t wait_in_us(const SocketRow& row) { return std::chrono::duration_cast<microseconds>(row.wait).count(); }

Cell zero(const SocketRow&) { return "0"; }

constexpr std::array kSocketColumns{
    ConsoleColumn<SocketRow>{"type", kText, [](const SocketRow& r) { return Cell{std::string(1, r.type)}; }},
    ConsoleColumn<SocketRow>{"user", kText, [](const SocketRow& r) { return Cell{r.user}; }},
    ConsoleColumn<SocketRow>{"database", kText, [](const SocketRow& r) { return Cell{r.database}; }},
    ConsoleColumn<SocketRow>{"replication", kText, [](const SocketRow&) { return Cell{"none"}; }, kNew},
    ConsoleColumn<SocketRow>{"state", kText, [](const SocketRow& r) { return Cell{r.state}; }},
    ConsoleColumn<SocketRow>{"addr", kText, [](const SocketRow& r) { return Cell{r.ends->host}; }},
    ConsoleColumn<SocketRow>{"port", kInt, [](const SocketRow& r) { return number(r.ends->port); }},
    ConsoleColumn<SocketRow>{"local_addr", kText, [](const SocketRow& r) { return Cell{r.ends->local_host}; }},
    ConsoleColumn<SocketRow>{"local_port", kInt, [](const SocketRow& r) { return number(r.ends->local_port); }},
    ConsoleColumn<SocketRow>{"connect_time", kText, [](const SocketRow& r) { return Cell{time_text(r.connected_at)}; }},
    ConsoleColumn<SocketRow>{"request_time", kText, [](const SocketRow& r) { return Cell{time_text(r.asked_at)}; }},
    ConsoleColumn<SocketRow>{"wait", kInt, [](const SocketRow& r) { return number(wait_in_us(r) / kSecond); }},
    ConsoleColumn<SocketRow>{"wait_us", kInt, [](const SocketRow& r) { return number(wait_in_us(r) % kSecond); }},
    ConsoleColumn<SocketRow>{"close_needed", kInt, [](const SocketRow& r) { return number(r.is_close_needed ? 1 : 0); }},
    ConsoleColumn<SocketRow>{"ptr", kText, [](const SocketRow& r) { return Cell{pointer(r.type, r.id)}; }},
    ConsoleColumn<SocketRow>{"link", kText,
                             [](const SocketRow& r) {
                               return Cell{r.link == 0 ? std::string() : pointer(r.type == 'C' ? 'S' : 'C', r.link)};
                             }},
    ConsoleColumn<SocketRow>{"remote_pid", kInt, [](const SocketRow& r) { return number(r.remote_pid); }},
    ConsoleColumn<SocketRow>{"tls", kText, [](const SocketRow& r) { return Cell{r.ends->tls}; }},
    ConsoleColumn<SocketRow>{"application_name", kText, [](const SocketRow& r) { return Cell{r.application_name}; }},
    ConsoleColumn<SocketRow>{"prepared_statements", kInt, [](const SocketRow& r) { return number(r.prepared); }, kNew},
    ConsoleColumn<SocketRow>{"id", kInt, [](const SocketRow& r) { return number(r.number); }, kNew},
};

constexpr std::array kBufferColumns{
    ConsoleColumn<SocketRow>{"recv_pos", kInt, &zero},   ConsoleColumn<SocketRow>{"pkt_pos", kInt, &zero},
    ConsoleColumn<SocketRow>{"pkt_remain", kInt, &zero}, ConsoleColumn<SocketRow>{"send_pos", kInt, &zero},
    ConsoleColumn<SocketRow>{"send_remain", kInt, &zero}, ConsoleColumn<SocketRow>{"pkt_avail", kInt, &zero},
    ConsoleColumn<SocketRow>{"send_avail", kInt, &zero},
};

constexpr auto kSocketAndBufferColumns = [] {
  std::array<ConsoleColumn<SocketRow>, kSocketColumns.size() + kBufferColumns.size()> all{};
  std::copy(kSocketColumns.begin(), kSocketColumns.end(), all.begin());
  std::copy(kBufferColumns.begin(), kBufferColumns.end(), all.begin() + kSocketColumns.size());
  return all;
}();

// A client that has nothing to run is "active" up to 1.24, and "idle" in 1.25.
std::string client_state(const ClientStats& client, bool is_linked, PgbouncerCompatibility version) {
  if (client.waiting) return "waiting";
  const bool is_idle = !is_linked && !client.is_console && version != PgbouncerCompatibility::v1_18;
  return is_idle ? "idle" : "active";
}

std::string server_state(const ServerStats& server) {
  if (server.is_resetting) return "tested";
  if (server.is_cancelling) return "being_canceled";
  return server.held_by ? "active" : "idle";
}

// Worker and serial number in 31 bits.
std::uint32_t short_number(BackendId id) {
  constexpr std::uint64_t kSerialBits = 22;
  const std::uint64_t worker = id.value >> 48;
  return static_cast<std::uint32_t>((worker << kSerialBits | (id.value & ((1U << kSerialBits) - 1))) & 0x7fffffff);
}

template <typename Visit>
void visit_clients(const GatewayStats& stats, Visit&& visit) {
  for (const WorkerStats& worker : stats.workers) {
    std::unordered_map<SessionId, const ServerStats*> held;
    for (const ServerStats& server : worker.servers)
      if (server.held_by) held[*server.held_by] = &server;
    for (const ClientStats& client : worker.clients)
      if (client.is_logged_in) visit(client, held.contains(client.id) ? held[client.id] : nullptr);
  }
}

std::vector<SocketRow> client_rows(const ConsoleFacts& facts) {
  std::vector<SocketRow> rows;
  visit_clients(facts.facts.stats, [&](const ClientStats& client, const ServerStats* server) {
    SocketRow row{.type = 'C', .id = client.id.value, .number = client.pid, .user = client.user, .database = client.database};
    row.state = client_state(client, server != nullptr, facts.version());
    row.ends = &client.ends;
    row.connected_at = client.connected_at;
    row.asked_at = std::max(client.connected_at, facts.now - (client.busy > 0s ? client.busy : client.idle));
    row.wait = client.waiting.value_or(Duration{});
    row.link = server == nullptr ? 0 : server->id.value;
    row.application_name = client.application_name;
    row.prepared = client.prepared;
    rows.push_back(std::move(row));
  });
  return rows;
}

std::vector<SocketRow> server_rows(const ConsoleFacts& facts) {
  std::unordered_map<SessionId, std::string> names;
  visit_clients(facts.facts.stats, [&](const ClientStats& client, const ServerStats*) {
    names[client.id] = client.application_name;
  });
  std::vector<SocketRow> rows;
  for (const WorkerStats& worker : facts.facts.stats.workers)
    for (const ServerStats& server : worker.servers) {
      SocketRow row{.type = 'S', .id = server.id.value, .number = short_number(server.id), .user = server.user, .database = server.database};
      row.state = server_state(server);
      row.ends = &server.ends;
      row.connected_at = server.opened_at;
      row.asked_at = server.held_by ? facts.now : server.client_left_at.value_or(server.opened_at);
      row.is_close_needed = server.is_retired;
      if (server.held_by) row.link = server.held_by->value, row.application_name = names[*server.held_by];
      row.remote_pid = server.pid;
      row.prepared = server.prepared;
      rows.push_back(std::move(row));
    }
  return rows;
}

}  // namespace

ConsoleAnswer show_clients(const ConsoleFacts& facts) {
  return tabulate<SocketRow>(kSocketColumns, client_rows(facts), facts.version());
}

ConsoleAnswer show_servers(const ConsoleFacts& facts) {
  return tabulate<SocketRow>(kSocketColumns, server_rows(facts), facts.version());
}

ConsoleAnswer show_sockets(const ConsoleFacts& facts) {
  std::vector<SocketRow> rows = client_rows(facts);
  for (SocketRow& row : rows) row.state = row.state == "waiting" ? "cl_waiting" : "cl_active";
  for (SocketRow& row : server_rows(facts)) {
    row.state = row.state == "being_canceled" ? "sv_being_canceled" : "sv_" + row.state;
    rows.push_back(std::move(row));
  }
  return tabulate<SocketRow>(kSocketAndBufferColumns, rows, facts.version());
}

// Those with bytes in a buffer of ours. A connection has none between two turns of its loop, unless its peer is slow.
ConsoleAnswer show_active_sockets(const ConsoleFacts& facts) {
  return tabulate<SocketRow>(kSocketAndBufferColumns, {}, facts.version());
}

}  // namespace howdah::pcp
