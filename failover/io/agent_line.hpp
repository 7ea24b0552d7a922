// Carries the coordinator's requests to one agent, on a thread and over a connection of its own. Outcomes go to `report`,
// called on that thread, exactly once per request.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>

#include "agent/io/agent_connection.hpp"
#include "failover/actions.hpp"
#include "health/health_options.hpp"
#include "health/io/stoppable_thread.hpp"

namespace howdah::failover {

class AgentLine {
 public:
  using Report = std::function<void(AgentDone)>;

  AgentLine(const health::NodeOptions& node, agent::TlsFiles files, Report report);
  ~AgentLine();  // ends the thread; requests not begun are dropped, the agent goes on with what it has begun
  AgentLine(const AgentLine&) = delete;
  AgentLine& operator=(const AgentLine&) = delete;

  void ask(AskAgent request);  // from the control thread

 private:
  void work();

  Report report_;
  agent::AgentConnection connection_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<AskAgent> requests_;
  health::StoppableThread thread_;
};

}  // namespace howdah::failover
