// The PostgreSQL server beside an agent, by its data directory, its processes and PostgreSQL's own programs. Calls block;
// those that change something must not overlap (agent/io/agent_listener sees to it), looking may at any time.
#pragma once

#include <functional>
#include <string>
#include <sys/types.h>
#include <vector>

#include "agent/agent_options.hpp"
#include "agent/commands.hpp"
#include "base/log.hpp"

namespace howdah::agent {

class LocalServer final : public Host {
 public:
  // `on_lease` hears what gateways say; `stop_fd` ends programs under way.
  LocalServer(const AgentOptions& options, Log& log, std::function<void(bool)> on_lease, int stop_fd)
      : options_(options), log_(log), on_lease_(std::move(on_lease)), stop_fd_(stop_fd) {}

  RejoinOutcome perform(const RejoinAction& action, const Request& order) override;
  void hear_lease(bool is_in_office) override { on_lease_(is_in_office); }

  ServerFacts look() const;

 private:
  // Each returns what went wrong; empty: nothing.
  std::string stop(const std::string& mode);
  std::string start(bool may_be_primary);
  std::string save_config() const;
  std::string restore_config() const;
  std::string remove_signals() const;
  std::string rewind(const Request& order);
  std::string clone(const Request& order);
  std::string configure_standby(const Request& order);

  std::string end_processes();
  Result<std::string> replication_conninfo(const Request& order);
  std::vector<pid_t> processes() const;
  bool has_postmaster() const;
  std::string in_data(std::string_view name) const { return options_.data_directory + "/" + std::string(name); }
  std::string saved_config() const { return options_.data_directory + ".howdah_conf"; }

  const AgentOptions& options_;
  Log& log_;
  std::function<void(bool)> on_lease_;
  int stop_fd_;
};

}  // namespace howdah::agent
