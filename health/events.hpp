// What can be learnt about a node, and what the tracker asks for. Reading the two variants is reading what the tracker
// can do. Probe facts follow the one state query of health/io/pq_prober; PostgreSQL manual, "Monitoring Database
// Activity" and "Recovery Control Functions".
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/ids.hpp"
#include "base/instant.hpp"
#include "base/lsn.hpp"

namespace howdah::health {

// Why a probe or a client's connection failed.
enum class FailureKind {
  refused,          // nobody listens
  timeout,          // silence until the deadline
  starting_up,      // 57P03: starting up, not yet accepting connections
  shutting_down,    // 57P01 / 57P03: told to stop
  crash_restart,    // 57P02, "in recovery mode": one backend crashed, the server restarts itself
  login_failed,     // the server answers, our credentials do not fit
  slots_exhausted,  // 53300: too many clients
  lost,             // the connection broke
  other,            // anything else, see the text
};
const char* to_text(FailureKind kind);

// One row of pg_stat_replication, as the primary tells it.
struct ReplicationRow {
  std::string application_name;
  std::string client_address;  // empty over a Unix socket
  int client_port = -1;
  std::string state;
  std::string sync_state;
  std::optional<microseconds> replay_lag = {};
};

// The beginning of a server's run, by its own clock. Where PostgreSQL is older than 15, a crash restart seems to have taken no time.
struct RunBeginning {
  Duration age = {};   // since it began, when the server answered
  Duration took = {};  // until it accepted connections: its recovery, if it needed one
};

struct ProbeResult {
  bool in_recovery = false;
  std::uint64_t system_identifier = 0;
  TimelineId timeline = {};  // primary: of the WAL it writes; standby: the newest it is known to have reached
  Lsn inserted = {};         // primary only
  Lsn flushed = {};          // primary only
  Lsn received = {};         // standby only; jumps back when the WAL receiver restarts
  Lsn replayed = {};         // standby only
  std::string receiver_status = {};             // standby only; empty: no WAL receiver runs
  TimelineId received_timeline = {};            // of the WAL receiver, while it runs
  std::optional<Duration> last_message_age = {};  // since the WAL receiver last heard its sender
  std::string sender_host = {};                 // whom the WAL receiver listens to
  int sender_port = 0;
  std::vector<ReplicationRow> standbys = {};    // primary only
  std::string synchronous_names = {};           // synchronous_standby_names
  std::string run = {};                         // primary only; another one after each start and crash restart
  std::uint64_t first_xid = 0;                  // primary only: the first id this run hands out; 0: it is not known any more
  std::optional<RunBeginning> run_beginning = {};  // as long as that is known

  Lsn position() const { return in_recovery ? std::max(received, replayed) : flushed; }
};

// `asked_at` is taken before the query leaves: a flush position covers every commit acknowledged before it. `is_knock`: as
// in the Probe.
struct ProbeAnswered {
  NodeId node;
  ProbeResult result;
  Instant asked_at = {};
  bool is_knock = false;
};
struct ProbeFailed {
  NodeId node;
  FailureKind kind = FailureKind::other;
  std::string text = {};
  Instant asked_at = {};
  bool is_knock = false;
};
// A client's server connection could not be made, or broke. Never enough by itself: it makes the tracker ask at once.
struct TrafficFailed {
  NodeId node;
  FailureKind kind = FailureKind::lost;
};
// A client's server connection to the node was made or answered.
struct TrafficSeen {
  NodeId node;
};
// A client waits for a newer position of the node.
struct PositionWanted {
  NodeId node;
};
struct OperatorAttach {
  NodeId node;
};
struct OperatorDetach {
  NodeId node;
};
struct Tick {};

using HealthEvent =
    std::variant<ProbeAnswered, ProbeFailed, TrafficFailed, TrafficSeen, PositionWanted, OperatorAttach, OperatorDetach, Tick>;

// Ask the node now; the answer is a ProbeAnswered or ProbeFailed at the latest after `timeout`. `is_fresh`: over a new
// connection, because an old one says nothing about whether new ones are accepted. `is_knock`: over a new connection, too,
// beside a question over the kept one that has no answer yet.
struct Probe {
  NodeId node;
  bool is_fresh = false;
  Duration timeout = {};
  Duration connect_timeout = {};  // until the host has accepted; 0: as long as `timeout`
  bool is_knock = false;
};

}  // namespace howdah::health
