// Parameters that are Howdah's own. Rows only.
#pragma once

#include "conf/param.hpp"

namespace howdah {

struct HowdahSettings {
  Param<PcpCompatibility> pcp_compatibility{"pcp_compatibility", PcpCompatibility::v4_7, Change::reload,
                                            "Which Pgpool's PCP records are sent. 4.3 for Debian 12's pcp_* tools."};
  Param<PgbouncerCompatibility> pgbouncer_compatibility{
      "pgbouncer_compatibility", PgbouncerCompatibility::v1_25, Change::reload,
      "Which PgBouncer's columns the console (database pgbouncer) answers with: 1.25, or 1.18."};
  Param<FailoverMode> failover_mode{
      "failover_mode", FailoverMode::none, Change::reload,
      "Who promotes a standby: native (Howdah, by SQL), command (failover_command; so if that is set and this is not), "
      "patroni, none (an operator, or anything else)."};
  Param<ReadConsistency> read_consistency{"read_consistency", ReadConsistency::session, Change::session,
                                          "What a read on a standby must have seen: eventual = anything, session = the "
                                          "client's own writes, global = all writes through Howdah."};
  Param<CommitSafety> commit_safety{
      "commit_safety", CommitSafety::pipelined, Change::reload,
      "How a COMMIT is found out whose answer was lost in a failover: off = it is not (error 08007); pipelined = the "
      "transaction's id is asked for in the same packet; strict = before it, one round trip more."};
  Param<bool> transaction_replay{
      "transaction_replay", true, Change::reload,
      "Run a transaction again whose server was lost, on another, if everything its client was shown comes out the same; "
      "else, and with off, its client gets error 40001."};
  Param<ByteSize> transaction_replay_size{"transaction_replay_size", 1_MB, Change::reload,
                                          "Of a longer transaction (the client's messages) nothing is kept: 40001."};
  Param<seconds> transaction_replay_timeout{"transaction_replay_timeout", 30s, Change::reload,
                                            "How long, from the loss of its server on, a transaction may take to be run "
                                            "again; 0 = no limit."};
  Param<SynchronousPolicy> synchronous_standbys{
      "synchronous_standbys", SynchronousPolicy::off, Change::reload,
      "After a promotion, synchronous_standby_names of the new primary: off = left alone, available = only standbys that "
      "stream, none if there is none, strict = as many as before, waiting for them."};
  Param<DetectionProfile> detection_profile{
      "detection_profile", DetectionProfile::calm, Change::reload,
      "How soon a silent primary is given up where health_check_* are not set: calm, or fast (about a second)."};
  Param<bool> load_balance_transactions{
      "load_balance_transactions", false, Change::reload,
      "Send the reads at the beginning of a READ COMMITTED transaction to a standby; its first statement of another kind "
      "takes it to the primary. Only where default_transaction_isolation is read committed everywhere."};
  Param<seconds> primary_wait_timeout{"primary_wait_timeout", 30s, Change::reload,
                                      "How long a statement waits for a primary while there is none."};
  Param<int> primary_wait_max_clients{"primary_wait_max_clients", 10000, Change::reload,
                                      "How many clients may wait for a primary at a time; 0 = no limit.", Range{0, 2147483647}};
  Param<StringList> metrics_listen_addresses{"metrics_listen_addresses", list_of("localhost"), Change::restart,
                                             "Addresses for metrics over HTTP; * = all. Nobody is asked for a password there."};
  Param<int> metrics_port{"metrics_port", 0, Change::restart,
                          "Port for metrics over HTTP: /metrics for Prometheus, /health, /ready; 0 = none.", Range{0, 65535}};
  Param<int> worker_threads{"worker_threads", 0, Change::restart, "Threads that serve clients; 0 = one for two cores.",
                            Range{0, 128}};
  Param<ByteSize> max_parse_size{"max_parse_size", 1_MB, Change::reload,
                                 "Longer statements are not parsed: they go to the primary."};
  Param<ByteSize> parse_cache_size{"parse_cache_size", 8_MB, Change::restart,
                                   "Memory for what is known about statements, per worker."};
  Param<bool> load_balance_foreign_tables{"load_balance_foreign_tables", false, Change::reload,
                                          "Let standbys read foreign tables: right where the other server does not "
                                          "mind who asks, and no such read writes."};
  Param<int> track_statements{"track_statements", 1000, Change::reload,
                              "How many statements, literals left out, SHOW POOL_STATEMENTS keeps per worker; 0 = off.",
                              Range{0, 100000}};
  Param<seconds> crash_restart_grace{"crash_restart_grace", 10s, Change::reload,
                                     "How long a primary that restarts after a crash is waited for."};
  Param<seconds> hung_disk_timeout{"hung_disk_timeout", 5s, Change::reload,
                                   "The log has an alarm when the primary's disk takes no write for so long although its "
                                   "server answers; 0 = no alarm."};
  Param<bool> failover_on_hung_disk{"failover_on_hung_disk", false, Change::reload,
                                    "Then fail over, too, in native mode. Commits that hang on the old primary are "
                                    "acknowledged to its own clients if its disk comes back before it is fenced."};
  Param<bool> wait_for_primary_at_start{"wait_for_primary_at_start", true, Change::restart,
                                        "Start even while no primary answers; statements that need one wait."};
};

// `howdah agent` beside a server, and how the gateway speaks to the agents (agent/README.md). The certificates are used on
// both sides.
struct AgentSettings {
  Param<std::string> agent_ssl_cert{"agent_ssl_cert", "", Change::restart,
                                    "Certificate of this side towards the other: gateway or agent."};
  Param<std::string> agent_ssl_key{"agent_ssl_key", "", Change::restart, "Its private key."};
  Param<std::string> agent_ssl_ca_cert{"agent_ssl_ca_cert", "", Change::restart,
                                       "Certificates of who may sign the other side's."};
  Param<bool> agent_rejoin{"agent_rejoin", true, Change::reload,
                           "Gateway: a failed primary is made a standby of the new one by its agent, without being asked."};
  Param<bool> agent_clone{"agent_clone", true, Change::reload,
                          "Gateway: where pg_rewind cannot, the primary is copied anew; the old data directory is kept."};
  Param<seconds> agent_rejoin_timeout{"agent_rejoin_timeout", 3600s, Change::reload,
                                      "Gateway: how long an agent may take to bring its server back."};
  Param<StringList> agent_listen_addresses{"agent_listen_addresses", list_of("localhost"), Change::restart,
                                           "Agent: addresses to listen on; * = all."};
  Param<int> agent_port{"agent_port", 9897, Change::restart, "Agent: port to listen on.", Range{1, 65535}};
  Param<StringList> agent_gateway_names{"agent_gateway_names", list_of("howdah"), Change::restart,
                                        "Agent: common names of the certificates that may give orders."};
  Param<std::string> agent_data_directory{"agent_data_directory", "", Change::restart,
                                          "Agent: data directory of its PostgreSQL server."};
  Param<std::string> agent_config_file{"agent_config_file", "", Change::restart,
                                       "Agent: postgresql.conf of the server, where it is not in the data directory."};
  Param<std::string> agent_bin_directory{"agent_bin_directory", "", Change::restart,
                                         "Agent: where pg_ctl, pg_rewind and the others are; empty = PATH."};
  Param<std::string> agent_server_log{"agent_server_log", "", Change::restart,
                                      "Agent: file for what a server started by it prints; empty = nowhere."};
  Param<std::string> agent_start_command{"agent_start_command", "", Change::restart,
                                         "Agent: shell command that starts the server; empty = pg_ctl."};
  Param<std::string> agent_stop_command{"agent_stop_command", "", Change::restart,
                                        "Agent: shell command that stops it in order; empty = pg_ctl."};
  Param<std::string> agent_replication_conninfo{
      "agent_replication_conninfo", "", Change::restart,
      "Agent: user, passfile and so on of primary_conninfo, without host and port; empty = as the server has it.", kSecret};
  Param<std::string> agent_rewind_conninfo{"agent_rewind_conninfo", "", Change::restart,
                                           "Agent: the same for pg_rewind; empty = agent_replication_conninfo.", kSecret};
  Param<seconds> agent_server_timeout{"agent_server_timeout", 60s, Change::restart,
                                      "Agent: how long the server may take to start or stop."};
  Param<seconds> agent_isolation_timeout{
      "agent_isolation_timeout", 0s, Change::restart,
      "Agent: a primary whose agent has not heard for so long from a gateway that holds it in office is stopped; 0 = never."};
};

}  // namespace howdah
