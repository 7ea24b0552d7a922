// The agent at work: listens, runs what gateways ask for, and stops an isolated primary. One thread a connection, for
// there are as many as gateways; a command that changes the server is refused while another one runs.
#pragma once

#include <atomic>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "agent/agent_options.hpp"
#include "agent/io/local_server.hpp"
#include "agent/io/tls_link.hpp"
#include "agent/isolation.hpp"
#include "base/io/listening_sockets.hpp"
#include "base/log.hpp"

namespace howdah::agent {

class AgentListener {
 public:
  // `stop_fd` becomes readable when the agent is to end.
  AgentListener(const AgentOptions& options, Log& log, int stop_fd);
  ~AgentListener();
  AgentListener(const AgentListener&) = delete;
  AgentListener& operator=(const AgentListener&) = delete;

  // Binds everything or nothing; the error names what could not be had.
  Result<void> open();
  // Until `stop_fd` is readable; commands under way are ended.
  void run();

 private:
  struct Talk {
    std::thread thread;
    std::atomic<bool> is_over = false;
  };

  void admit(int listening);
  void talk(int fd);
  Report answer(const Request& request);
  void guard_isolation();
  std::string busy();
  void set_busy(std::string_view command);
  void end_talks(bool all);

  const AgentOptions& options_;
  Log& log_;
  int stop_fd_;
  std::optional<TlsContext> tls_;
  std::vector<ListeningSocket> listening_;
  std::list<Talk> talks_;
  std::mutex isolation_mutex_;
  Isolation isolation_;  // guarded by it
  LocalServer server_;
  std::mutex change_;  // held by whoever changes the server
  std::mutex busy_mutex_;
  std::string busy_;   // guarded by it: the command that holds change_
};

}  // namespace howdah::agent
