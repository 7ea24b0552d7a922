// One online recovery as Pgpool does it in streaming replication mode (Pgpool-II manual, "Online Recovery"): the
// primary's server runs the operator's scripts, which copy it onto the lost node and start that; then the node is
// attached. A procedure: step() takes what came of the last action and says the next; Finished is the last.
//
// The scripts may take hours, so nothing but the start of the new server has a limit. Nothing has to be undone when it
// breaks off: until Attach the node is as little used as before.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "base/instant.hpp"
#include "base/result.hpp"
#include "health/health_options.hpp"

namespace howdah::failover {

struct RecoveryTask {
  health::NodeOptions primary;
  health::NodeOptions node;   // to be recovered
  std::string user = {};      // recovery_user, for messages
  std::string database = {};  // recovery_database, for messages
  std::string script = {};    // recovery_1st_stage_command; empty: none is run
  Duration start_limit = 90s;  // recovery_timeout: from the remote start until the node is in use
};

// --- what is to be done next
struct AskPrimary {  // over one connection to recovery_database, without a limit of time
  std::string sql;
};
struct AskNode {  // over a new connection to the recovered node
  std::string database;
  std::string sql;
  Instant deadline;
};
struct Pause {
  Duration length;
};
struct Attach {};        // as pcp_attach_node
struct LookAtNode {};    // is the node in use? The answer is `is_ok`, `error` says why not.
struct Finished {
  Result<void> result;
};
using RecoveryAction = std::variant<AskPrimary, AskNode, Pause, Attach, LookAtNode, Finished>;

// --- what came of it
struct RecoveryOutcome {
  bool is_ok = true;
  bool is_connected = true;  // false: there was no connection to ask over
  std::string sqlstate = {};
  std::string error = {};
  std::vector<std::string> row = {};  // the first of the answer
};

class OnlineRecovery {
 public:
  explicit OnlineRecovery(RecoveryTask task) : task_(std::move(task)) {}

  // The first call begins; its outcome is not looked at.
  RecoveryAction step(const RecoveryOutcome& outcome, Instant now);

 private:
  enum class Stage { begin, first_stage, remote_start, knocking, attaching, looking };

  RecoveryAction begin();
  RecoveryAction run_script();
  RecoveryAction start_remotely();
  RecoveryAction take_script_result(const RecoveryOutcome& outcome);
  RecoveryAction knock(Instant now);
  RecoveryAction take_knock(const RecoveryOutcome& outcome, Instant now);
  RecoveryAction try_again_or(Error error, Instant now);
  Error no_connection(const RecoveryOutcome& outcome) const;

  RecoveryTask task_;
  Stage stage_ = Stage::begin;
  int arguments_ = 7;  // of pgpool_recovery: older versions of the extension take fewer
  int knocks_ = 0;
  bool is_paused_ = false;  // the outcome to come is that of a Pause
  Instant deadline_ = {};
};

}  // namespace howdah::failover
