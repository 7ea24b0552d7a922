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
  Param<int> worker_threads{"worker_threads", 0, Change::restart, "Threads that serve clients; 0 = one for two cores.",
                            Range{0, 1024}};
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
  Param<bool> wait_for_primary_at_start{"wait_for_primary_at_start", true, Change::restart,
                                        "Start even while no primary answers; statements that need one wait."};
};

}  // namespace howdah
