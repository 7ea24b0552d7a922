// Parameters about clients: where they connect, how they log in, what connections they share. Rows only.
#pragma once

#include "conf/param.hpp"

namespace howdah {

struct ClusteringSettings {
  Param<ClusteringMode> backend_clustering_mode{
      "backend_clustering_mode", ClusteringMode::streaming_replication, Change::restart,
      "How the servers are kept alike: streaming_replication, or raw (no roles, no balancing)."};
};

struct ListenSettings {
  Param<StringList> listen_addresses{"listen_addresses", list_of("localhost"), Change::restart,
                                     "Addresses to accept clients on; * = all, empty = Unix sockets only."};
  Param<int> port{"port", 9999, Change::restart, "Client port.", Range{1024, 65535}};
  Param<StringList> unix_socket_directories{"unix_socket_directories", list_of("/tmp"), Change::restart,
                                            "Directories for client sockets; empty = none."};
  Param<std::string> unix_socket_group{"unix_socket_group", "", Change::restart,
                                       "Group that owns the client sockets; empty = the group of the process."};
  Param<int> unix_socket_permissions{"unix_socket_permissions",     0777,           Change::restart,
                                     "Mode of the client sockets.", Range{0, 0777}, NumberBase::octal};
  Param<StringList> pcp_listen_addresses{"pcp_listen_addresses", list_of("localhost"), Change::restart,
                                         "Addresses for the PCP port; empty = Unix socket only."};
  Param<int> pcp_port{"pcp_port", 9898, Change::restart, "PCP port.", Range{1024, 65535}};
  Param<StringList> pcp_socket_dir{"pcp_socket_dir", list_of("/tmp"), Change::restart,
                                   "Directories for the PCP socket; empty = none."};
  Param<int> listen_backlog_multiplier{"listen_backlog_multiplier", 2, Change::restart,
                                       "Length of the accept queue = this x num_init_children (the kernel caps it).",
                                       Range{1, 2147483647}};
  Param<bool> serialize_accept{"serialize_accept", false, Change::restart,
                               "Let one process at a time wait for a client.",
                               harmless("each worker accepts on its own event loop, so nothing stampedes")};
  Param<int> reserved_connections{"reserved_connections", 0, Change::restart,
                                  "A client that would take one of the last n places is refused.",
                                  harmless("a client beyond max_client_conn is refused at once, it never waits")};
  Param<bool> tcp_keepalive{"tcp_keepalive", true, Change::reload,
                            "TCP keepalive on connections of clients and servers."};
  Param<seconds> tcp_keepidle{"tcp_keepidle", 0s, Change::reload,
                              "Silence before the first keepalive; 0 = the system's setting. Not set: 2 s to servers."};
  Param<seconds> tcp_keepintvl{"tcp_keepintvl", 0s, Change::reload,
                               "Pause between keepalives; 0 = the system's setting. Not set: 1 s to servers."};
  Param<int> tcp_keepcnt{"tcp_keepcnt", 0, Change::reload,
                         "Unanswered keepalives that end a connection; 0 = the system's setting. Not set: 2 to servers."};
  Param<milliseconds> tcp_user_timeout{"tcp_user_timeout", 0ms, Change::reload,
                                       "Sent data unacknowledged for this long ends a connection; 0 = system's."};
};

struct AuthSettings {
  Param<bool> enable_pool_hba{"enable_pool_hba", false, Change::reload, "Authenticate clients by pool_hba.conf."};
  Param<std::string> pool_passwd{"pool_passwd", "pool_passwd", Change::restart,
                                 "Password file; relative = beside pgpool.conf; empty = none.", kSecret};
  Param<std::string> auth_file{"auth_file", "", Change::reload,
                               "PgBouncer's userlist.txt: passwords beside those of pool_passwd, which come first; "
                               "relative = beside pgpool.conf; empty = none."};
  Param<std::string> auth_user{"auth_user", "", Change::reload,
                               "Who asks a server for the password of a user that no file lists; its own password is "
                               "listed. Empty = nobody asks."};
  Param<std::string> auth_query{
      "auth_query",
      "SELECT rolname, CASE WHEN rolvaliduntil < now() THEN NULL ELSE rolpassword END FROM pg_authid "
      "WHERE rolname=$1 AND rolcanlogin",
      Change::reload,
      "What auth_user asks: one row of name and password for the name $1; none, or NULL = refused."};
  Param<std::string> auth_dbname{"auth_dbname", "postgres", Change::reload,
                                 "Database in which auth_query runs, whatever database the client asks for."};
  Param<milliseconds> auth_cache_lifetime{
      "auth_cache_lifetime", 60s, Change::reload,
      "How long a server's word on a password is believed (auth_query, allow_clear_text_frontend_auth); a failed login "
      "ends it.",
      Bare{Unit::s}};
  Param<seconds> authentication_timeout{"authentication_timeout", 60s, Change::reload,
                                        "Time for a client to finish logging in; 0 = no limit."};
  Param<bool> allow_clear_text_frontend_auth{
      "allow_clear_text_frontend_auth", false, Change::reload,
      "Ask a client that pool_passwd lacks for its password in clear text and use it towards the servers."};
  Param<StringList> admin_users{"admin_users", list_of(), Change::reload,
                                "Users who may do everything in PgBouncer's console, the database pgbouncer."};
  Param<StringList> stats_users{"stats_users", list_of(), Change::reload,
                                "Users who may SHOW there. Nobody in either list: there is no console."};
};

struct TlsSettings {
  Param<bool> ssl{"ssl", false, Change::restart,
                  "Offer TLS to clients and ask the servers for it (neither is required)."};
  Param<std::string> ssl_key{"ssl_key", "", Change::restart, "Private key file; relative = beside pgpool.conf."};
  Param<std::string> ssl_cert{"ssl_cert", "", Change::restart, "Certificate file."};
  Param<std::string> ssl_ca_cert{"ssl_ca_cert", "", Change::restart,
                                 "CA file: verifies servers and client certificates."};
  Param<std::string> ssl_ca_cert_dir{"ssl_ca_cert_dir", "", Change::restart, "Directory of CA files."};
  Param<std::string> ssl_crl_file{"ssl_crl_file", "", Change::restart, "Revocation list."};
  Param<std::string> ssl_ciphers{"ssl_ciphers", "HIGH:MEDIUM:+3DES:!aNULL", Change::restart,
                                 "Ciphers of TLS 1.2, as OpenSSL writes them."};
  Param<bool> ssl_prefer_server_ciphers{"ssl_prefer_server_ciphers", false, Change::restart,
                                        "The server's order of ciphers counts."};
  Param<std::string> ssl_ecdh_curve{"ssl_ecdh_curve", "prime256v1", Change::restart, "Curve of the key exchange."};
  Param<std::string> ssl_dh_params_file{"ssl_dh_params_file", "", Change::restart,
                                        "Diffie-Hellman parameters; empty = built in."};
  Param<std::string> ssl_passphrase_command{"ssl_passphrase_command", "", Change::restart,
                                            "Command that prints the key's passphrase; %p is the prompt.",
                                            unsupported("the key file must be readable without a passphrase")};
  Param<TlsMode> client_tls_sslmode{
      "client_tls_sslmode", TlsMode::disable, Change::restart,
      "TLS towards clients: disable, allow = prefer, require, verify-ca = verify-full. Not set: as ssl says."};
  Param<TlsMode> server_tls_sslmode{"server_tls_sslmode", TlsMode::disable, Change::restart,
                                    "TLS towards servers, with libpq's meanings. Not set: as ssl says."};
  Param<std::string> server_tls_ca_file{"server_tls_ca_file", "", Change::restart,
                                        "CA file for servers; empty = ssl_ca_cert."};
  Param<std::string> server_tls_cert_file{"server_tls_cert_file", "", Change::restart,
                                          "Certificate shown to servers; empty = none."};
  Param<std::string> server_tls_key_file{"server_tls_key_file", "", Change::restart, "Key of that certificate."};
  Param<std::string> server_tls_ciphers{"server_tls_ciphers", "", Change::restart,
                                        "Ciphers of TLS 1.2 towards servers; empty = ssl_ciphers."};
};

// Times that PgBouncer names are written in its unit, seconds, and may be fractions.
struct PoolSettings {
  Param<PoolMode> pool_mode{"pool_mode", PoolMode::transaction, Change::reload,
                            "When a server connection goes back to the pool: after the session, transaction or "
                            "statement."};
  Param<int> default_pool_size{"default_pool_size", 20, Change::reload,
                               "Server connections per user, database and node; 0 = no limit."};
  Param<int> min_pool_size{"min_pool_size", 0, Change::reload,
                           "Keep this many open for each pool that has had a client."};
  Param<int> reserve_pool_size{"reserve_pool_size", 0, Change::reload,
                               "Further server connections a pool may open when ..."};
  Param<milliseconds> reserve_pool_timeout{"reserve_pool_timeout", 5s, Change::reload,
                                           "... its oldest client has waited this long.", Bare{Unit::s}};
  Param<int> max_client_conn{"max_client_conn", 100, Change::reload,
                             "Clients admitted in all. Not set: num_init_children.", Range{1, 2147483647}};
  Param<int> max_db_connections{"max_db_connections", 0, Change::reload,
                                "Server connections per database; 0 = no limit."};
  Param<int> max_user_connections{"max_user_connections", 0, Change::reload,
                                  "Server connections per user; 0 = no limit."};
  Param<int> max_db_client_connections{"max_db_client_connections", 0, Change::reload,
                                       "Clients per database; 0 = no limit."};
  Param<int> max_user_client_connections{"max_user_client_connections", 0, Change::reload,
                                         "Clients per user; 0 = no limit."};
  Param<int> max_node_connections{"max_node_connections", 0, Change::reload,
                                  "Connections to one server; 0 = no limit. Not set: num_init_children x max_pool "
                                  "where the file sets one of them."};
  Param<milliseconds> server_lifetime{"server_lifetime", 1h, Change::reload,
                                      "Close an unused server connection older than this; 0 = use once.",
                                      Bare{Unit::s}};
  Param<milliseconds> server_idle_timeout{"server_idle_timeout", 10min, Change::reload,
                                          "Close a server connection unused for this long; 0 = never.", Bare{Unit::s}};
  Param<milliseconds> server_connect_timeout{"server_connect_timeout", 15s, Change::reload,
                                             "Time to connect and log in to a server; 0 = no limit.", Bare{Unit::s}};
  Param<milliseconds> server_login_retry{"server_login_retry", 1s, Change::reload,
                                         "Pause after a failed connection to a server.", Bare{Unit::s}};
  Param<milliseconds> query_wait_timeout{"query_wait_timeout", 2min, Change::reload,
                                         "A client waiting longer for a server connection is refused; 0 = for ever.",
                                         Bare{Unit::s}};
  Param<milliseconds> query_wait_notify{"query_wait_notify", 0ms, Change::reload,
                                        "A client waiting longer for a server connection is sent a NOTICE; 0 = none.",
                                        Bare{Unit::s}};
  Param<milliseconds> query_timeout{"query_timeout", 0ms, Change::reload,
                                    "A statement running longer is ended with its client; 0 = never.", Bare{Unit::s}};
  Param<milliseconds> idle_transaction_timeout{"idle_transaction_timeout", 0ms, Change::reload,
                                               "A client idle in a transaction for longer is ended; 0 = never.",
                                               Bare{Unit::s}};
  Param<milliseconds> transaction_timeout{"transaction_timeout", 0ms, Change::reload,
                                          "A transaction lasting longer is ended with its client; 0 = never.",
                                          Bare{Unit::s}};
  Param<std::string> server_reset_query{"server_reset_query", "DISCARD ALL", Change::reload,
                                        "Cleans a server connection after a session that left state behind."};
  Param<std::string> server_check_query{"server_check_query", "", Change::reload,
                                        "Asked of a server connection unused for longer than server_check_delay before it "
                                        "is lent; <empty> = the empty query, empty = none."};
  Param<milliseconds> server_check_delay{"server_check_delay", 30s, Change::reload,
                                         "How long an unused server connection is lent unasked.", Bare{Unit::s}};
  Param<milliseconds> cancel_wait_timeout{"cancel_wait_timeout", 10s, Change::reload,
                                          "How long a cancel request may take to be delivered to a server; 0 = no limit.",
                                          Bare{Unit::s}};
  Param<milliseconds> suspend_timeout{"suspend_timeout", 10s, Change::reload,
                                      "How long SUSPEND in the console waits for clients to take what is sent to them; "
                                      "then they are ended. 0 = no limit.",
                                      Bare{Unit::s}};
  Param<seconds> stats_period{"stats_period", 60s, Change::reload,
                              "Span of the averages in the console's SHOW STATS.", Range{1, 2147483647}};
  Param<int> max_prepared_statements{"max_prepared_statements", 200, Change::reload,
                                     "Prepared statements kept per server connection."};
  Param<bool> application_name_add_host{"application_name_add_host", false, Change::reload,
                                        "Append the client's address to application_name: \"name - host:port\"."};
  Param<seconds> client_idle_limit{
      "client_idle_limit", 0s, Change::session,
      "A client silent for this long, also inside a transaction, is disconnected; 0 = never."};
  Param<int> num_init_children{"num_init_children", 100, Change::restart,
                               "The most clients at once. Not set: max_client_conn.", Range{1, 2147483647}};
  Param<int> max_pool{"max_pool", 4, Change::restart,
                      "num_init_children x max_pool bounds the connections to each server."};
  Param<StringList> reset_query_list{"reset_query_list", list_of("ABORT", "DISCARD ALL"), Change::reload,
                                     "Pgpool's form of server_reset_query, which is made from it if not set.",
                                     Separator{';'}};
  Param<seconds> connection_life_time{"connection_life_time", 0s, Change::restart,
                                      "Pgpool's form of server_idle_timeout, which is taken from it if not set."};
  Param<bool> connection_cache{"connection_cache", true, Change::restart,
                               "Keep server connections after the client leaves. off: server_lifetime = 0."};
  Param<ProcessManagementMode> process_management_mode{
      "process_management_mode", ProcessManagementMode::fixed, Change::reload,
      "Whether the number of processes follows demand.", harmless("there are no processes per client")};
  Param<ProcessManagementStrategy> process_management_strategy{
      "process_management_strategy", ProcessManagementStrategy::gentle, Change::reload,
      "How fast idle processes are ended.", harmless("there are no processes per client")};
  Param<int> min_spare_children{"min_spare_children", 5,
                                Change::reload,       "Least number of idle processes.",
                                Range{1, 2147483647}, harmless("there are no processes per client")};
  Param<int> max_spare_children{"max_spare_children", 10,
                                Change::reload,       "Greatest number of idle processes.",
                                Range{1, 2147483647}, harmless("there are no processes per client")};
  Param<seconds> child_life_time{"child_life_time", 300s, Change::restart, "An idle process restarts after this.",
                                 harmless("there are no processes per client; see server_lifetime")};
  Param<int> child_max_connections{"child_max_connections", 0, Change::restart,
                                   "A process restarts after that many clients.",
                                   harmless("there are no processes per client; see server_lifetime")};
};

}  // namespace howdah
