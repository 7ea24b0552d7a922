// What the coordinator takes in and what it wants done. The shell (failover/io/control) runs the actions in order and
// feeds the outcomes back as events; tests and the simulation do the same in virtual time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "agent/protocol.hpp"
#include "base/result.hpp"
#include "failover/kept_state.hpp"
#include "failover/patroni.hpp"
#include "failover/quorum.hpp"
#include "health/cluster_view.hpp"
#include "health/commit_doubt.hpp"
#include "health/events.hpp"

namespace howdah::failover {

using StepId = std::uint64_t;     // of one SQL step or command; answered exactly once
using RequestId = std::uint64_t;  // of one operator's request; answered exactly once

enum class SqlStep {
  ask_standby,   // make the standby's WAL receiver find out quickly whether it still hears the primary
  read_source,   // primary_conninfo, primary_slot_name and wal_receiver_timeout of a standby
  freeze,        // stop the standby's WAL receiver
  promote,
  create_slot,   // on the new primary, for a standby that follows through a slot
  follow,        // point a standby at the new primary
  checkpoint,    // planned switchover: shortens what the promotion must write
  count_busy,    // planned switchover: transactions still open on the old primary
  close,         // planned switchover: the old primary refuses writes
  fence,         // a false primary refuses writes, completes no commit and loses its clients
  look_after_fence,
  set_synchronous,  // synchronous_standby_names, on the primary or who is to be it
  look_up,       // on the new primary: whether a commit in doubt has happened
  reopen,        // takes away what close and fence have set
  write,         // a few bytes of WAL, flushed: whether the disk takes them
};
const char* to_text(SqlStep step);

enum class CommandKind { failover, failback, follow_primary };
const char* to_text(CommandKind kind);

// --- events (besides everything in health/events.hpp) ---

// `rows` has the first row of each statement, empty for statements without one. On failure `sqlstate` may be empty
// (no connection, deadline).
struct SqlDone {
  StepId id = 0;
  NodeId node = {};
  bool is_ok = false;
  std::string sqlstate = {};
  std::string error = {};
  std::vector<std::vector<std::string>> rows = {};
};
struct CommandDone {
  StepId id = 0;
  int exit_code = 0;  // as the shell tells it; -1: could not run, or killed at its deadline
  std::string output = {};
};
struct AgentDone {
  StepId id = 0;
  NodeId node = {};
  bool is_answered = false;  // false: there was no report; `report.error` says why, and the agent may have begun all the same
  agent::Report report = {};
};
struct AttachRequest {
  RequestId request = 0;
  NodeId node = {};
};
struct DetachRequest {
  RequestId request = 0;
  NodeId node = {};
};
struct PromoteRequest {
  RequestId request = 0;
  NodeId node = {};
  bool is_switchover = false;
};

// Of a session. Answered exactly once, within `limit`.
struct FateRequest {
  RequestId request = 0;
  CommitDoubt doubt = {};
  Duration limit = {};
};

// What Patroni answered to a switchover.
struct PatroniSwitched {
  StepId id = 0;
  bool is_ok = false;
  std::string text = {};  // in its words
};

// A reading of what the gateways keep in etcd, or why there is none. `lease_until`: how long the others count this gateway
// as alive at least, reckoned from before the lease was last renewed.
struct CouncilSeen {
  std::optional<Assembly> assembly = {};
  std::string error = {};
  Instant asked_at = {};
  Instant lease_until = {};
};

// All workers act by the view of this version, and so by all before it. `is_quiet` (only of a view that is switching): and no
// statement that they had sent to its primary, outside the transactions that the server knows of, is unanswered any more.
struct ViewTaken {
  std::uint64_t version = 0;
  bool is_quiet = false;
};

using Event = std::variant<health::ProbeAnswered, health::ProbeFailed, health::TrafficFailed, health::TrafficSeen,
                           health::PositionWanted, health::Tick, SqlDone, CommandDone, AgentDone, AttachRequest, DetachRequest,
                           PromoteRequest, FateRequest, PatroniAnswered, PatroniSwitched, CouncilSeen, ViewTaken>;

// --- actions ---

using health::Probe;
// Each statement goes out alone (ALTER SYSTEM refuses transaction blocks), in order, stopping at the first error.
struct RunSql {
  StepId id = 0;
  NodeId node = {};
  SqlStep step = SqlStep::ask_standby;
  std::vector<std::string> statements = {};
  Instant deadline = {};
};
// For /bin/sh -c; placeholders are expanded and quoted.
struct RunCommand {
  StepId id = 0;
  CommandKind kind = CommandKind::failover;
  NodeId node = {};
  std::string command = {};
  Instant deadline = {};
};
// To the agent beside the node. Leases go on a way of their own, beside what takes long.
struct AskAgent {
  StepId id = 0;
  NodeId node = {};
  agent::Request request = {};
  Instant deadline = {};

  bool is_lease() const { return request.command == "lease"; }
};
struct Publish {
  ClusterViewPtr view;
};
// What must survive a restart of Howdah.
struct Persist {
  KeptState state;
};
// The end of an operator's request.
struct Answer {
  RequestId request = 0;
  Result<void> result = {};
};

struct Fate {
  RequestId request = 0;
  CommitOutcome outcome = CommitOutcome::unknown;
};

// Ask Patroni for its cluster now, and again after each `period`.
struct WatchPatroni {
  Duration period = {};
};
// Have Patroni switch over; names are those of its members.
struct SwitchPatroni {
  StepId id = 0;
  std::string leader = {};
  std::string candidate = {};
};

// To etcd; none is answered by itself, the next reading tells. After each there is a reading at once.
struct WatchCouncil {  // read now, and again after each `period`
  Duration period = {};
};
struct TellCouncil {  // kept under this gateway's lease until the next one
  Vote vote = {};
};
struct TakeLock {
  LockRow row = {};
};
struct DropLock {
  std::int64_t revision = 0;
};
struct ClaimOffice {  // if the row's revision still stands, and the lock's: 0 means that nobody has it
  OfficeRow row = {};
  std::int64_t lock_revision = 0;
};

using Action = std::variant<Probe, RunSql, RunCommand, AskAgent, Publish, Persist, Answer, Fate, WatchPatroni, SwitchPatroni,
                            WatchCouncil, TellCouncil, TakeLock, DropLock, ClaimOffice>;

}  // namespace howdah::failover
