// What the data path reports about itself, as plain values: each worker fills its part on its own thread when asked,
// and the control side joins the parts. Read by PCP, SHOW POOL_* and metrics; nothing here is touched while serving
// clients.
#pragma once

#include "base/ids.hpp"
#include "base/instant.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace howdah {

// Pgpool's five words for what a client is doing.
enum class ClientState : std::uint8_t { wait_for_connection, connecting, idle, idle_in_transaction, execute_command };

// What one database's clients have done since the start.
struct TrafficCounters {
  std::uint64_t transactions = 0;
  std::uint64_t queries = 0;
  std::uint64_t received = 0;  // bytes from clients
  std::uint64_t sent = 0;      // bytes to clients
  std::uint64_t assignments = 0;  // times a server connection was lent
  std::uint64_t client_parses = 0;
  std::uint64_t server_parses = 0;
  std::uint64_t binds = 0;
  Duration transaction_time = {};
  Duration query_time = {};  // without the waiting
  Duration wait_time = {};   // for server connections
};

struct DatabaseTraffic {
  std::string database = {};
  TrafficCounters counters = {};
};

// The server connections of one worker for one (database, user, node), and who waits for one.
struct PoolStats {
  std::string database = {};
  std::string user = {};
  NodeId node = {};
  std::uint32_t connecting = 0;
  std::uint32_t idle = 0;
  std::uint32_t leased = 0;
  std::uint32_t resetting = 0;  // or being checked
  std::uint32_t cancelling = 0;
};

// The two ends of a connection, as numeric addresses; "unix" and 0 for Unix-domain sockets.
struct SocketEnds {
  std::string host = {};
  std::uint16_t port = 0;
  std::string local_host = {};
  std::uint16_t local_port = 0;
  std::string tls = {};  // "TLSv1.3/TLS_AES_256_GCM_SHA384"; empty: none
};

// One client connection.
struct ClientStats {
  SessionId id = {};
  std::uint32_t pid = 0;  // the number its BackendKeyData told it
  std::string user = {};
  std::string pool_user = {};  // on the servers
  std::string database = {};
  std::string host = {};  // address; empty for a Unix socket
  std::uint16_t port = 0;
  WallTime connected_at = {};
  ClientState state = ClientState::idle;
  seconds idle = {};                             // since its last message was answered; 0 while one is being served
  std::optional<NodeId> load_balance_node = {};  // drawn for its reads
  std::string pin_reason = {};                   // why it keeps its server connection; empty: it does not
  std::string statement = {};                    // the last one, only if asked for
  std::string application_name = {};             // of the startup packet
  std::optional<Duration> waiting = {};          // for a server connection, so long
  seconds busy = {};                             // with the statement being served; 0 while idle
  std::size_t prepared = 0;                      // statements of the protocol it has
  bool is_logged_in = false;
  bool is_console = false;
  bool has_unsent = false;                       // it has not taken all that was sent to it
  SocketEnds ends = {};                          // only if sockets are asked for
};

// One connection to a server. `client_*` speak of the client that holds it, else of the last one that did.
struct ServerStats {
  BackendId id = {};
  NodeId node = {};
  std::string user = {};
  std::string database = {};
  std::uint32_t pid = 0;  // of the server process
  WallTime opened_at = {};
  std::uint64_t uses = 0;  // times it was lent
  std::optional<SessionId> held_by = {};
  std::optional<WallTime> client_connected_at = {};
  std::optional<WallTime> client_left_at = {};  // when it was last given back
  bool is_resetting = false;
  bool is_cancelling = false;
  bool is_retired = false;   // closed as soon as it is given back
  std::size_t prepared = 0;  // statements of ours it knows
  SocketEnds ends = {};      // only if sockets are asked for
};

// The columns of SHOW POOL_BACKEND_STATS behind the node's name, in order.
enum class StatementCount : std::uint8_t {
  select,  // also VALUES and SELECT INTO
  insert,
  update,
  remove,  // DELETE
  ddl,     // everything not in the other columns: DDL, COPY, CALL, DO, MERGE, DECLARE, FETCH ...
  other,   // transaction control, SET, SHOW, DISCARD, PREPARE, EXECUTE, EXPLAIN, LISTEN, LOCK, LOAD, VACUUM ...
  panic,   // PANIC, FATAL and ERROR messages from the server
  fatal,
  error,
};
inline constexpr std::size_t kStatementCounts = 9;

// What was sent to one node since the start, and what it complained of.
struct NodeCounters {
  NodeId node = {};
  std::array<std::uint64_t, kStatementCounts> counts = {};

  std::uint64_t& operator[](StatementCount count) { return counts[static_cast<std::size_t>(count)]; }
  std::uint64_t operator[](StatementCount count) const { return counts[static_cast<std::size_t>(count)]; }
};

// Statements sent for one of the router's reasons.
struct ReasonCount {
  std::string_view name = {};  // of static text, as the sentence
  std::string_view sentence = {};
  std::uint64_t count = 0;
};

// Times are counted in buckets, two to each doubling: up to 0, 1, 2, 3, 4, 6, 8, 12 ... microseconds; the last holds all
// that take longer than three minutes.
inline constexpr std::size_t kTimeBuckets = 57;
constexpr microseconds bucket_end(std::size_t bucket) {
  if (bucket < 4) return microseconds(bucket);
  return microseconds((bucket % 2 == 0 ? std::int64_t{2} : std::int64_t{3}) << (bucket / 2 - 1));
}
constexpr std::size_t time_bucket(microseconds time) {
  std::size_t bucket = 0;
  while (bucket + 1 < kTimeBuckets && bucket_end(bucket) < time) ++bucket;
  return bucket;
}

struct NodeCalls {
  NodeId node = {};
  std::uint64_t calls = 0;
};

// What is known of the statements that differ in their literals only.
struct StatementStats {
  std::string text = {};  // literals shown as '?'
  std::uint64_t calls = 0;
  std::uint64_t rows = 0;
  std::uint64_t errors = 0;
  microseconds total = {};  // from being sent to the last of the answer
  std::array<std::uint64_t, kTimeBuckets> times = {};
  std::vector<NodeCalls> nodes = {};
  std::string_view reason = {};      // of the last call, as the pin reason; of static text
  std::string_view pin_reason = {};  // empty: its session was free to go on elsewhere
};

// One worker thread. It stands where Pgpool shows a child process.
struct WorkerStats {
  std::uint32_t index = 0;
  std::int64_t thread_id = 0;  // the kernel's number of the thread (gettid), as `ps -L` and `top -H` show it
  WallTime started_at = {};
  std::uint64_t clients_served = 0;  // admitted since the start
  std::vector<ClientStats> clients = {};
  std::vector<ServerStats> servers = {};
  std::vector<NodeCounters> counters = {};
  std::vector<ReasonCount> reasons = {};
  std::vector<StatementStats> statements = {};  // only if asked for
  std::vector<DatabaseTraffic> traffic = {};
  std::vector<PoolStats> pools = {};
};

struct GatewayStats {
  std::vector<WorkerStats> workers = {};  // in order of index
};

// What a snapshot shall contain beyond numbers; texts are copied only when wanted.
struct StatsWanted {
  bool statements = false;    // each client's last one
  bool fingerprints = false;  // what each costs
  bool sockets = false;  // addresses of both ends
};

}  // namespace howdah
