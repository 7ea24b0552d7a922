// Carries out the coordinator's SQL steps: one thread per node with its own kept connection, so that a hung node
// delays no other. Outcomes go to `report`, called on that thread, exactly once per step.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>

#include "failover/actions.hpp"
#include "health/health_options.hpp"
#include "health/io/credentials.hpp"
#include "health/io/pg_connection.hpp"
#include "health/io/stoppable_thread.hpp"

namespace howdah::failover {

class NodeExecutor {
 public:
  using Report = std::function<void(SqlDone)>;

  NodeExecutor(const health::NodeOptions& node, health::Credentials credentials, Report report);
  ~NodeExecutor();  // ends the thread; steps not begun are dropped
  NodeExecutor(const NodeExecutor&) = delete;
  NodeExecutor& operator=(const NodeExecutor&) = delete;

  void run(RunSql step);  // from the control thread

 private:
  void work();
  void keep_ready();
  SqlDone carry_out(const RunSql& step);
  std::optional<health::PgFailure> run_statements(const RunSql& step, SqlDone& done);

  Report report_;
  health::PgConnection connection_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<RunSql> steps_;
  int step_fd_;  // a step has come, or the end
  health::StoppableThread thread_;
};

}  // namespace howdah::failover
