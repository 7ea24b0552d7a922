// Parameters about the servers, their health and what is done when one fails. Rows only.
#pragma once

#include "base/ids.hpp"
#include "conf/param.hpp"

#include <vector>

namespace howdah {

inline constexpr std::string_view kOneProber = "one user looks at all nodes: health_check_user";

// The plain names; a node without its own takes these (Settings::health_of).
struct HealthSettings {
  Param<seconds> health_check_period{"health_check_period", 5s, Change::reload,
                                     "How often each node is probed; 0 = never."};
  Param<seconds> health_check_timeout{"health_check_timeout", 5s, Change::reload, "Time for one probe; 0 = no limit."};
  Param<std::string> health_check_user{"health_check_user", "", Change::restart, "User of the probes."};
  Param<std::string> health_check_password{"health_check_password", "", Change::restart,
                                           "Its password (TEXT, AES, md5 prefixes); empty = look in pool_passwd.",
                                           kSecret};
  Param<std::string> health_check_database{"health_check_database", "postgres", Change::restart,
                                           "Database of the probes; empty = postgres."};
  Param<int> health_check_max_retries{"health_check_max_retries", 1, Change::reload,
                                      "Further attempts before a node is down."};
  Param<seconds> health_check_retry_delay{"health_check_retry_delay", 1s, Change::reload, "Pause between attempts."};
  Param<milliseconds> connect_timeout{"connect_timeout", 10s, Change::reload,
                                      "Time to connect for clients; probes are bounded by health_check_timeout."};
  Param<bool> health_check_test{"health_check_test", false, Change::restart,
                                "Pgpool's test aid: a file that plays a dead node.",
                                unsupported("pcp_detach_node takes a node out")};
};

struct FailoverSettings {
  Param<std::string> failover_command{"failover_command", "", Change::reload,
                                      "Command run when a node is detached, with Pgpool's placeholders."};
  Param<std::string> failback_command{"failback_command", "", Change::reload, "Command run when a node is attached."};
  Param<std::string> follow_primary_command{"follow_primary_command", "", Change::reload,
                                            "Command run for each remaining standby after the primary changed."};
  Param<bool> failover_on_backend_error{"failover_on_backend_error", true, Change::reload,
                                        "Failing connections of clients count against a node at once."};
  Param<bool> failover_on_backend_shutdown{"failover_on_backend_shutdown", false, Change::reload,
                                           "A server that says it is being shut down counts as failed."};
  Param<bool> detach_false_primary{"detach_false_primary", false, Change::reload,
                                   "Of two primaries on one timeline, the one that no standby follows is fenced. off: "
                                   "nobody is written to until an operator decides. One left behind is always fenced."};
  Param<bool> auto_failback{"auto_failback", true, Change::reload,
                            "Attach a down standby again when it is seen streaming."};
  Param<seconds> auto_failback_interval{"auto_failback_interval", 10s, Change::reload,
                                        "Least time between two such attachments."};
  Param<seconds> search_primary_node_timeout{"search_primary_node_timeout", 300s, Change::reload,
                                             "How long to look for a new primary after a failover; 0 = for ever."};
};

struct RecoverySettings {
  Param<std::string> recovery_user{"recovery_user", "", Change::reload,
                                   "Superuser that pcp_recovery_node calls the functions of pgpool_recovery as."};
  Param<std::string> recovery_password{"recovery_password", "", Change::reload,
                                       "Its password (TEXT, AES prefixes); empty = look in pool_passwd.", kSecret};
  Param<std::string> recovery_database{"recovery_database", "postgres", Change::reload,
                                       "Database that has the extension pgpool_recovery; empty = postgres."};
  Param<std::string> recovery_1st_stage_command{
      "recovery_1st_stage_command", "", Change::reload,
      "Script in the primary's data directory that copies it onto the node to recover."};
  Param<std::string> recovery_2nd_stage_command{"recovery_2nd_stage_command", "", Change::reload,
                                                "Second script, of native replication.",
                                                harmless("used by native replication only")};
  Param<seconds> recovery_timeout{"recovery_timeout", 90s, Change::reload,
                                  "How long a recovered node may take to start and a graceful detach waits for clients."};
  Param<int> client_idle_limit_in_recovery{"client_idle_limit_in_recovery",
                                           0,
                                           Change::session,
                                           "Disconnect idle clients in the second stage; -1 = at once.",
                                           Range{-1, 2147483647},
                                           harmless("used by native replication only")};
};

// One server. `id` is N of backend_hostnameN.
struct NodeSettings {
  NodeId id = {};
  Param<std::string> backend_hostname{"backend_hostname", "", Change::restart,
                                      "Host name, address, or directory of its Unix socket with leading /."};
  Param<int> backend_port{"backend_port", 5432, Change::restart, "Its port; 0 = this number is unused.",
                          Range{0, 65535}};
  Param<double> backend_weight{"backend_weight", 1, Change::reload, "Its share of the reads.", Range{0, 100000000}};
  Param<std::string> backend_data_directory{"backend_data_directory", "", Change::reload,
                                            "Its data directory, for %D and %R of commands."};
  Param<BackendFlags> backend_flag{
      "backend_flag", {}, Change::reload, "ALLOW_TO_FAILOVER, DISALLOW_TO_FAILOVER, ALWAYS_PRIMARY, joined by |."};
  Param<std::string> backend_application_name{"backend_application_name", "", Change::reload,
                                              "The standby's name in pg_stat_replication."};
  Param<int> backend_agent_port{"backend_agent_port", 0, Change::restart,
                                "Port of the howdah agent beside it; 0 = there is none.", Range{0, 65535}};
  Param<std::string> backend_agent_hostname{"backend_agent_hostname", "", Change::restart,
                                            "Name or address of the agent, as its certificate has it; empty = backend_hostname."};
  Param<seconds> health_check_period{"health_check_period", 5s, Change::reload, "As the plain one, for this node."};
  Param<seconds> health_check_timeout{"health_check_timeout", 5s, Change::reload, "As the plain one, for this node."};
  Param<std::string> health_check_user{"health_check_user", "", Change::reload, "As the plain one, for this node.",
                                       unsupported(kOneProber)};
  Param<std::string> health_check_password{"health_check_password", "", Change::reload,
                                           "As the plain one, for this node.", kSecret, unsupported(kOneProber)};
  Param<std::string> health_check_database{"health_check_database", "postgres", Change::reload,
                                           "As the plain one, for this node.", unsupported(kOneProber)};
  Param<int> health_check_max_retries{"health_check_max_retries", 1, Change::reload,
                                      "As the plain one, for this node."};
  Param<seconds> health_check_retry_delay{"health_check_retry_delay", 1s, Change::reload,
                                          "As the plain one, for this node."};
  Param<milliseconds> connect_timeout{"connect_timeout", 10s, Change::reload, "As the plain one, for this node.",
                                      unsupported("one limit counts for all nodes: connect_timeout")};
};

}  // namespace howdah
