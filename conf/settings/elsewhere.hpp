// Parameters of Pgpool's parts that Howdah lacks: watchdog, query cache, native replication. They are known, checked
// and shown, so that a file that has them starts and says what is missing. Rows only.
#pragma once

#include "conf/param.hpp"

namespace howdah {

inline constexpr std::string_view kNoWatchdog = "part of the watchdog, which is not supported";
inline constexpr std::string_view kNoCache = "part of the query cache, which is not supported; results stay the same";
inline constexpr std::string_view kNoNative = "used by native replication only, which is not supported";

struct WatchdogSettings {
  Param<bool> use_watchdog{
      "use_watchdog", false, Change::restart, "Take part in a cluster of gateways.",
      unsupported("several gateways agree through etcd: etcd_endpoints")};
  Param<std::string> wd_listen_address{"wd_listen_address", "", Change::restart, "Address for the watchdog port.",
                                       harmless(kNoWatchdog)};
  Param<int> wd_listen_port{"wd_listen_port", 0,
                            Change::restart,  "Port to listen on if not wd_portN.",
                            Range{0, 65535},  harmless(kNoWatchdog)};
  Param<int> wd_priority{"wd_priority", 1, Change::restart, "Higher wins the election.", harmless(kNoWatchdog)};
  Param<std::string> wd_authkey{"wd_authkey",         "", Change::reload, "Shared secret of the members.", kSecret,
                                harmless(kNoWatchdog)};
  Param<std::string> wd_ipc_socket_dir{"wd_ipc_socket_dir", "/tmp", Change::restart,
                                       "Directory of the local command socket.", harmless(kNoWatchdog)};
  Param<std::string> delegate_ip{"delegate_ip", "", Change::restart, "Virtual address the leader holds.",
                                 unsupported("nobody brings this address up; use keepalived or a load balancer")};
  Param<std::string> if_cmd_path{"if_cmd_path", "/sbin", Change::restart, "Directory of the next two.",
                                 harmless(kNoWatchdog)};
  Param<std::string> if_up_cmd{"if_up_cmd", "/usr/bin/sudo /sbin/ip addr add $_IP_$/24 dev eth0 label eth0:0",
                               Change::restart, "Brings the virtual address up.", harmless(kNoWatchdog)};
  Param<std::string> if_down_cmd{"if_down_cmd", "/usr/bin/sudo /sbin/ip addr del $_IP_$/24 dev eth0", Change::restart,
                                 "Takes it down.", harmless(kNoWatchdog)};
  Param<std::string> arping_path{"arping_path", "/usr/sbin", Change::restart, "Directory of arping.",
                                 harmless(kNoWatchdog)};
  Param<std::string> arping_cmd{"arping_cmd", "/usr/bin/sudo /usr/sbin/arping -U $_IP_$ -w 1 -I eth0", Change::restart,
                                "Announces the virtual address.", harmless(kNoWatchdog)};
  Param<std::string> ping_path{"ping_path", "/bin", Change::restart, "Directory of ping.", harmless(kNoWatchdog)};
  Param<StringList> trusted_servers{"trusted_servers",
                                    {},
                                    Change::restart,
                                    "Hosts that show whether this member is isolated.",
                                    harmless(kNoWatchdog)};
  Param<std::string> trusted_server_command{"trusted_server_command", "ping -q -c3 %h", Change::reload,
                                            "How to ask them.", harmless(kNoWatchdog)};
  Param<std::string> wd_escalation_command{"wd_escalation_command", "", Change::reload, "Runs on becoming leader.",
                                           unsupported(kNoWatchdog)};
  Param<std::string> wd_de_escalation_command{"wd_de_escalation_command", "", Change::reload,
                                              "Runs on ceasing to be leader.", unsupported(kNoWatchdog)};
  Param<bool> clear_memqcache_on_escalation{"clear_memqcache_on_escalation", true, Change::reload,
                                            "Empty the query cache on becoming leader.", harmless(kNoWatchdog)};
  Param<StringList> wd_monitoring_interfaces_list{
      "wd_monitoring_interfaces_list", {}, Change::restart, "Network interfaces to watch.", harmless(kNoWatchdog)};
  Param<bool> failover_when_quorum_exists{"failover_when_quorum_exists", true, Change::restart,
                                          "No failover without a majority of members.", harmless(kNoWatchdog)};
  Param<bool> failover_require_consensus{"failover_require_consensus", true, Change::restart,
                                         "A failover needs votes of a majority.", harmless(kNoWatchdog)};
  Param<bool> allow_multiple_failover_requests_from_node{"allow_multiple_failover_requests_from_node", false,
                                                         Change::restart, "One member may vote more than once.",
                                                         harmless(kNoWatchdog)};
  Param<bool> enable_consensus_with_half_votes{"enable_consensus_with_half_votes", false, Change::restart,
                                               "Half of an even number is a majority.", harmless(kNoWatchdog)};
  Param<bool> wd_remove_shutdown_nodes{"wd_remove_shutdown_nodes", false, Change::reload,
                                       "A member that left in order stops counting.", harmless(kNoWatchdog)};
  Param<seconds> wd_lost_node_removal_timeout{"wd_lost_node_removal_timeout", 0s, Change::reload,
                                              "A lost member stops counting after this.", harmless(kNoWatchdog)};
  Param<seconds> wd_no_show_node_removal_timeout{"wd_no_show_node_removal_timeout", 0s, Change::reload,
                                                 "A member that never came stops counting after this.",
                                                 harmless(kNoWatchdog)};
  Param<LifecheckMethod> wd_lifecheck_method{"wd_lifecheck_method", LifecheckMethod::heartbeat, Change::restart,
                                             "How members are checked.", harmless(kNoWatchdog)};
  Param<seconds> wd_interval{"wd_interval", 10s, Change::restart, "Interval of the check.", harmless(kNoWatchdog)};
  Param<seconds> wd_heartbeat_keepalive{"wd_heartbeat_keepalive", 2s,
                                        Change::restart,          "Interval of heartbeats.",
                                        Range{1, 2147483647},     harmless(kNoWatchdog)};
  Param<seconds> wd_heartbeat_deadtime{"wd_heartbeat_deadtime", 30s,
                                       Change::restart,         "Silence that means dead.",
                                       Range{1, 2147483647},    harmless(kNoWatchdog)};
  Param<StringList> wd_heartbeat_listen_addresses{"wd_heartbeat_listen_addresses",
                                                  {},
                                                  Change::restart,
                                                  "Addresses to receive heartbeats on.",
                                                  harmless(kNoWatchdog)};
  Param<int> wd_heartbeat_listen_port{"wd_heartbeat_listen_port", 0, Change::restart, "Port to receive heartbeats on.",
                                      harmless(kNoWatchdog)};
  Param<int> wd_life_point{"wd_life_point", 3, Change::restart, "Failed queries that mean dead.",
                           harmless(kNoWatchdog)};
  Param<std::string> wd_lifecheck_query{"wd_lifecheck_query", "SELECT 1", Change::restart, "The query.",
                                        harmless(kNoWatchdog)};
  Param<std::string> wd_lifecheck_dbname{"wd_lifecheck_dbname", "template1", Change::reload, "Its database.",
                                         harmless(kNoWatchdog)};
  Param<std::string> wd_lifecheck_user{"wd_lifecheck_user", "", Change::reload, "Its user.", harmless(kNoWatchdog)};
  Param<std::string> wd_lifecheck_password{"wd_lifecheck_password", "",      Change::reload,
                                           "Its user's password.",  kSecret, harmless(kNoWatchdog)};
};

// hostnameN and its neighbours: member N of the watchdog.
struct WatchdogMember {
  int number = 0;
  Param<std::string> hostname{"hostname", "localhost", Change::reload, "Address of a member.", harmless(kNoWatchdog)};
  Param<int> pgpool_port{"pgpool_port", 0, Change::reload, "Its client port.", Range{0, 65535}, harmless(kNoWatchdog)};
  Param<int> wd_port{"wd_port", 0, Change::reload, "Its watchdog port.", Range{0, 65535}, harmless(kNoWatchdog)};
};

struct Heartbeat {
  int number = 0;
  Param<std::string> heartbeat_hostname{"heartbeat_hostname", "", Change::reload, "Where to send heartbeats.",
                                        harmless(kNoWatchdog)};
  Param<int> heartbeat_port{"heartbeat_port", 0, Change::reload, "UDP port.", Range{0, 65535}, harmless(kNoWatchdog)};
  Param<std::string> heartbeat_device{"heartbeat_device", "", Change::reload, "Interface.", harmless(kNoWatchdog)};
};

struct CacheSettings {
  Param<bool> memory_cache_enabled{"memory_cache_enabled", false, Change::restart, "Cache results of reads.",
                                   unsupported("results are not cached; they stay the same")};
  Param<CacheMethod> memqcache_method{"memqcache_method", CacheMethod::shmem, Change::restart, "Where.",
                                      harmless(kNoCache)};
  Param<std::string> memqcache_memcached_host{"memqcache_memcached_host", "localhost", Change::restart,
                                              "memcached host.", harmless(kNoCache)};
  Param<int> memqcache_memcached_port{"memqcache_memcached_port", 11211, Change::restart, "memcached port.",
                                      harmless(kNoCache)};
  Param<ByteSize> memqcache_total_size{"memqcache_total_size", 64_MB, Change::restart, "Size of the cache.",
                                       harmless(kNoCache)};
  Param<int> memqcache_max_num_cache{"memqcache_max_num_cache", 1000000, Change::restart, "Most entries.",
                                     harmless(kNoCache)};
  Param<seconds> memqcache_expire{"memqcache_expire", 0s, Change::restart, "Lifetime of an entry.", harmless(kNoCache)};
  Param<bool> memqcache_auto_cache_invalidation{"memqcache_auto_cache_invalidation", true, Change::reload,
                                                "Drop entries of tables that are written.", harmless(kNoCache)};
  Param<ByteSize> memqcache_maxcache{"memqcache_maxcache", 400_kB,
                                     Change::restart,      "Bigger results are not cached.",
                                     Range{0, 2147483647}, harmless(kNoCache)};
  Param<ByteSize> memqcache_cache_block_size{"memqcache_cache_block_size",
                                             1_MB,
                                             Change::restart,
                                             "Block size; not below memqcache_maxcache.",
                                             Range{512, 2147483647},
                                             harmless(kNoCache)};
  Param<std::string> memqcache_oiddir{"memqcache_oiddir", "/var/log/pgpool/oiddir", Change::restart,
                                      "Directory that maps tables to entries.", harmless(kNoCache)};
  Param<StringList> cache_safe_memqcache_table_list{"cache_safe_memqcache_table_list", {},        Change::reload,
                                                    "Tables always cached.",           kPatterns, harmless(kNoCache)};
  Param<StringList> cache_unsafe_memqcache_table_list{
      "cache_unsafe_memqcache_table_list", {}, Change::reload, "Tables never cached.", kPatterns, harmless(kNoCache)};
};

struct NativeSettings {
  Param<bool> replication_mode{"replication_mode", false, Change::restart, "Old switch of native replication.",
                               unsupported("native replication is not supported; backend_clustering_mode counts")};
  Param<bool> replicate_select{"replicate_select", false, Change::reload, "Send reads to all.", harmless(kNoNative)};
  Param<bool> insert_lock{"insert_lock", true, Change::reload, "Lock the table around INSERT.", harmless(kNoNative)};
  Param<std::string> lobj_lock_table{"lobj_lock_table", "", Change::reload,
                                     "Table locked around large object creation.", harmless(kNoNative)};
  Param<bool> replication_stop_on_mismatch{"replication_stop_on_mismatch", false, Change::reload,
                                           "Detach nodes whose answer differs.", harmless(kNoNative)};
  Param<bool> failover_if_affected_tuples_mismatch{"failover_if_affected_tuples_mismatch", false, Change::reload,
                                                   "The same when row counts differ.", harmless(kNoNative)};
};

}  // namespace howdah
