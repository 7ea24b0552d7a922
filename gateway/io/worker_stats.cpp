#include "gateway/io/worker_stats.hpp"

#include "base/io/clock.hpp"
#include "gateway/io/replication_relay.hpp"

namespace howdah {

namespace {

ClientState state_of(const Session& session) {
  switch (session.state()) {
    case SessionState::starting:
    case SessionState::waiting_lease:
    case SessionState::waiting_primary: return ClientState::connecting;
    case SessionState::busy:
    case SessionState::draining:
    case SessionState::waiting_local: return ClientState::execute_command;
    case SessionState::idle:
    case SessionState::begun:
    case SessionState::holding:
    case SessionState::failed:
    case SessionState::closed: break;
  }
  return session.is_in_transaction() ? ClientState::idle_in_transaction : ClientState::idle;
}

SocketEnds ends_of(std::string host, std::uint16_t port, const Link& link) {
  const SocketAddress own = local_address(link.fd());
  SocketEnds out;
  out.host = own.is_unix() ? "unix" : std::move(host);
  out.port = port;
  out.local_host = own.is_unix() ? "unix" : host_text(own);
  out.local_port = own.is_unix() ? std::uint16_t{0} : port_of(own);
  if (link.tls() != nullptr) out.tls = protocol_and_cipher(link.tls());
  return out;
}

PoolStats stats_of(const Pool& pool) {
  const auto count = [&](BackendState state) { return static_cast<std::uint32_t>(pool.count(state)); };
  PoolStats out{.database = pool.key().database, .user = pool.key().user, .node = pool.key().node};
  out.connecting = count(BackendState::connecting);
  out.idle = count(BackendState::idle) + count(BackendState::offered);
  out.leased = count(BackendState::leased);
  out.resetting = count(BackendState::resetting) + count(BackendState::checking);
  out.cancelling = count(BackendState::cancelling);
  return out;
}

ClientStats stats_of(const ClientLink& client, Instant now, StatsWanted wanted) {
  ClientStats out;
  out.id = client.id();
  out.host = client.host() == "[local]" ? std::string{} : client.host();
  out.port = client.port();
  out.connected_at = client.connected_at();
  out.has_unsent = client.unsent() > 0 && !client.is_closing();
  if (wanted.sockets) out.ends = ends_of(client.host(), client.port(), client.link());
  if (client.relay != nullptr) {
    out.pid = client.relay->key().pid;
    out.user = out.pool_user = client.relay->user();
    out.database = client.relay->database();
    out.state = ClientState::execute_command;
    out.pin_reason = to_text(PinReason::replication);
    out.is_logged_in = true;
    return out;
  }
  if (!client.has_session()) {
    out.state = ClientState::connecting;
    return out;
  }
  const Session& session = client.session();
  out.pid = session.identity().cancel_key.pid;
  out.user = session.identity().login_user;
  out.pool_user = session.identity().user;
  out.database = session.identity().database;
  out.state = state_of(session);
  if (const auto since = session.idle_since()) out.idle = std::chrono::duration_cast<seconds>(now - *since);
  out.load_balance_node = session.load_balance_node();
  if (const auto pin = session.pin_reason()) out.pin_reason = to_text(*pin);
  if (wanted.statements) out.statement = session.last_statement();
  const SessionActivity activity = session.activity();
  out.is_logged_in = true;
  out.is_console = session.identity().console != ConsoleRole::none;
  out.application_name = session.identity().application_name;
  if (activity.waiting_since) out.waiting = now - *activity.waiting_since;
  if (activity.busy_since) out.busy = std::chrono::duration_cast<seconds>(now - *activity.busy_since);
  out.prepared = activity.prepared;
  return out;
}

ServerStats stats_of(const Server& server, Instant now, StatsWanted wanted) {
  ServerStats out;
  out.id = server.id;
  out.node = server.node();
  out.user = server.key.user;
  out.database = server.key.database;
  out.pid = server.cancel_key.pid;
  out.opened_at = server.opened_at;
  out.uses = server.uses;
  out.client_connected_at = server.user_connected_at;
  if (server.lessee != nullptr) out.held_by = server.lessee->id();
  // The loop's clock is the cheap one while serving; a wall clock is wanted only now.
  if (server.returned_at) out.client_left_at = wall_now() - std::chrono::duration_cast<seconds>(now - *server.returned_at);
  const Pool& pool = server.home->pool;
  const auto state = pool.state_of(server.id);
  out.is_resetting = state == BackendState::resetting || state == BackendState::checking;
  out.is_cancelling = state == BackendState::cancelling;
  out.is_retired = pool.is_retired(server.id);
  out.prepared = server.prepared.size();
  if (wanted.sockets) out.ends = ends_of(server.link.target().host, server.link.target().port, server.link.link());
  return out;
}

}  // namespace

WorkerStats stats_of(const Worker& worker, StatsWanted wanted) {
  WorkerStats out;
  out.index = worker.id().value;
  out.thread_id = worker.thread_id();
  out.started_at = worker.started_at();
  out.clients_served = worker.clients_served();
  worker.visit_clients([&](const ClientLink& client) { out.clients.push_back(stats_of(client, worker.now(), wanted)); });
  worker.pools().visit_servers([&](const Server& server) {
    if (server.link.is_open() && server.home != nullptr) out.servers.push_back(stats_of(server, worker.now(), wanted));
  });
  out.counters = worker.tally().nodes();
  out.reasons = worker.tally().reasons();
  if (wanted.fingerprints) out.statements = worker.statistics().report();
  for (const auto& [database, counters] : worker.traffic().databases()) out.traffic.push_back({database, counters});
  worker.pools().visit_pools([&](const PoolEntry& entry) { out.pools.push_back(stats_of(entry.pool)); });
  return out;
}

}  // namespace howdah
