#include "failover/online_recovery.hpp"

#include <fmt/format.h>

#include <utility>

#include "failover/statements.hpp"

namespace howdah::failover {

namespace {

constexpr Duration kAgain = 500ms;       // between attempts to reach or to attach the new server
constexpr Duration kKnockLimit = 5s;
constexpr int kFewestArguments = 3;      // of the first version of pgpool_recovery
constexpr std::string_view kUndefinedFunction = "42883";

// Scripts reach a server that Howdah reaches over a Unix socket by this name, as Pgpool's.
std::string host_for_scripts(const health::NodeOptions& node) {
  return node.host.empty() || node.host.front() == '/' ? "localhost" : node.host;
}

Error failure(std::string message, std::string detail, std::string hint = {}) {
  return {ErrorCode::command_failed, std::move(message), std::move(detail), std::move(hint)};
}

}  // namespace

RecoveryAction OnlineRecovery::step(const RecoveryOutcome& outcome, Instant now) {
  if (std::exchange(is_paused_, false)) return stage_ == Stage::looking ? RecoveryAction{LookAtNode{}} : knock(now);
  switch (stage_) {
    case Stage::begin: return begin();
    case Stage::first_stage: return take_script_result(outcome);
    case Stage::remote_start:
      if (!outcome.is_connected) return Finished{no_connection(outcome)};
      if (!outcome.is_ok)
        return Finished{failure(fmt::format("executing remote start failed with error: \"{}\"", outcome.error), {})};
      stage_ = Stage::knocking;
      deadline_ = now + task_.start_limit;
      return knock(now);
    case Stage::knocking: return take_knock(outcome, now);
    case Stage::attaching:
      if (!outcome.is_ok)  // the tracker may not have seen yet that another server runs there
        return try_again_or(failure("node recovery failed, the node was not attached", outcome.error), now);
      stage_ = Stage::looking;
      return LookAtNode{};
    case Stage::looking:
      if (outcome.is_ok) return Finished{};
      return try_again_or(
          failure(fmt::format("node {} was recovered, but is not in use", task_.node.id.value), outcome.error), now);
  }
  return Finished{};
}

RecoveryAction OnlineRecovery::begin() {
  if (task_.script.empty()) return start_remotely();
  stage_ = Stage::first_stage;
  return run_script();
}

RecoveryAction OnlineRecovery::run_script() {
  return AskPrimary{sql_recover({.script = task_.script,
                                 .node_host = host_for_scripts(task_.node),
                                 .node_directory = task_.node.data_directory,
                                 .primary_port = task_.primary.port,
                                 .node = task_.node.id,
                                 .node_port = task_.node.port,
                                 .primary_host = host_for_scripts(task_.primary)},
                                arguments_)};
}

RecoveryAction OnlineRecovery::start_remotely() {
  stage_ = Stage::remote_start;
  return AskPrimary{sql_remote_start(host_for_scripts(task_.node), task_.node.data_directory)};
}

RecoveryAction OnlineRecovery::take_script_result(const RecoveryOutcome& outcome) {
  if (outcome.is_ok) return start_remotely();
  if (!outcome.is_connected) return Finished{no_connection(outcome)};
  const bool is_unknown = outcome.sqlstate == kUndefinedFunction;
  if (is_unknown && arguments_ > kFewestArguments) {
    --arguments_;
    return run_script();
  }
  return Finished{failure("executing recovery, execution of command failed at \"1st stage\"",
                          fmt::format("command:\"{}\": {}", task_.script, outcome.error),
                          is_unknown ? fmt::format("CREATE EXTENSION pgpool_recovery in database {}", task_.database)
                                     : "The primary's log has what the script printed.")};
}

// Who may not enter the one database may enter the other.
RecoveryAction OnlineRecovery::knock(Instant now) {
  stage_ = Stage::knocking;
  return AskNode{knocks_++ % 2 == 0 ? "postgres" : "template1", "SELECT pg_is_in_recovery()", now + kKnockLimit};
}

RecoveryAction OnlineRecovery::take_knock(const RecoveryOutcome& outcome, Instant now) {
  if (!outcome.is_ok)
    return try_again_or(
        failure("recovery is checking if postmaster is started",
                fmt::format("postmaster on hostname:\"{}\" port:{} user:\"{}\" failed to start in {} second: {}",
                            task_.node.host, task_.node.port, task_.user,
                            std::chrono::duration_cast<seconds>(task_.start_limit).count(), outcome.error)),
        now);
  if (outcome.row.empty() || outcome.row[0] != "t")
    return Finished{failure(fmt::format("node recovery failed, node {} was started as a primary", task_.node.id.value), {},
                            "Stop it; the script must leave a standby.signal and primary_conninfo there.")};
  stage_ = Stage::attaching;
  return Attach{};
}

RecoveryAction OnlineRecovery::try_again_or(Error error, Instant now) {
  if (now + kAgain >= deadline_) return Finished{std::move(error)};
  is_paused_ = true;
  return Pause{kAgain};
}

Error OnlineRecovery::no_connection(const RecoveryOutcome& outcome) const {
  return failure(fmt::format("node recovery failed, unable to connect to main node: {}", task_.primary.id.value),
                 fmt::format("user \"{}\", database \"{}\": {}", task_.user, task_.database, outcome.error),
                 "recovery_user must be a superuser of the primary; see recovery_password and recovery_database.");
}

}  // namespace howdah::failover
