// What the coordinator must know of the configuration, as plain values.
#pragma once

#include <string>

#include "base/instant.hpp"
#include "conf/settings.hpp"
#include "failover/quorum.hpp"

namespace howdah::failover {

// Several gateways that agree through etcd.
struct CouncilOptions {
  bool is_enabled = false;
  GatewayId self = {};
};

struct FailoverOptions {
  FailoverMode mode = FailoverMode::native;
  std::string failover_command = {};
  std::string failback_command = {};
  std::string follow_primary_command = {};
  bool asks_patroni = false;  // mode patroni, and it is known where
  CouncilOptions council = {};
  bool are_views_told = false;  // the workers tell when they have taken one over (ViewTaken)
  SynchronousPolicy synchronous = SynchronousPolicy::off;
  bool may_standbys_decide = false;        // detach_false_primary
  // A standby is asked whether it hears a silent primary: its WAL receiver pings after so much silence, and is waited for so
  // long after it.
  Duration ping_after = 1s;
  Duration ping_patience = 800ms;
  Duration search_primary_timeout = 300s;  // after it, "no primary found" is logged again and again; 0: never
  Duration hung_disk_timeout = 5s;         // no write has come back for so long: an alarm; 0: none
  bool failover_on_hung_disk = false;      // native: then the primary is left, too
  Duration command_timeout = 120s;         // an operator's command still running after this is killed

  bool auto_failback = true;
  bool agent_rejoin = true;                // a failed primary is made a standby by its agent
  bool agent_clone = true;                 // by a new copy where pg_rewind cannot
  Duration agent_rejoin_timeout = 1h;

  // Limits of single steps; when one is reached the plan holds, says so and tries again.
  Duration sql_timeout = 5s;
  Duration freeze_timeout = 5s;
  Duration promote_timeout = 30s;
  Duration agent_stop_timeout = 10s;  // planned switchover: the old primary is stopped, or started again; clients wait
  Duration switchover_timeout = 10s;  // all of a planned switchover until the point of no return
  Duration retry_after_hold = 1s;
};

FailoverOptions options_from_settings(const Settings& settings);

}  // namespace howdah::failover
