// What the tracker must know of the configuration: plain values, so that tests write them down in two lines and the
// pure code does not depend on where they come from. options_from_settings fills them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "base/instant.hpp"
#include "conf/settings.hpp"

namespace howdah::health {

struct NodeOptions {
  NodeId id;
  std::string host;
  std::uint16_t port = 5432;
  double weight = 1;
  std::string data_directory = {};
  std::string application_name = {};  // the standby's name in pg_stat_replication; empty: matched by address
  std::string agent_host = {};        // of the agent beside it
  std::uint16_t agent_port = 0;       // 0: there is none
  bool may_fail_over = true;          // false: DISALLOW_TO_FAILOVER
  bool is_always_primary = false;     // ALWAYS_PRIMARY

  Duration check_period = 10s;  // health_check_period; 0: failed probes alone never put the node down
  Duration check_timeout = 2s;  // health_check_timeout; 0: as time_to_answer() says
  Duration answer_deadline = 1s;  // a question unanswered for so long makes the node suspect
  bool is_silence_final = false;  // silence for check_timeout puts it down without retries: the profile's deadline, not the file's
  int max_retries = 3;          // health_check_max_retries: failed attempts after the first before the node is down
  Duration retry_delay = 1s;    // health_check_retry_delay

  // Of one question: nothing waits for ever.
  Duration time_to_answer() const { return check_timeout > Duration{} ? check_timeout : Duration{10s}; }
  bool has_agent() const { return agent_port != 0; }
};

struct HealthOptions {
  std::vector<NodeOptions> nodes;  // in order of id
  Duration probe_period = 500ms;   // how often facts are gathered; never slower than a node's check_period
  bool auto_failback = true;
  Duration auto_failback_interval = 1s;  // least time between two returns of one node
  bool failover_on_backend_error = false;     // a client's connection error, once confirmed, needs no retries
  bool failover_on_backend_shutdown = false;  // the same for a server that is told to stop
  Duration crash_restart_grace = 10s;    // how long a node may say "recovery mode" or "starting up" before it is down
};

HealthOptions options_from_settings(const Settings& settings);

}  // namespace howdah::health
