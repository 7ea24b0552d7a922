#include "conf/pgbouncer_keys.hpp"

#include <algorithm>
#include <array>

namespace howdah {

namespace {

using enum KeyFate;

constexpr std::string_view kTracked = "every setting of a client is kept for it";
constexpr std::string_view kBuffers = "buffers and sockets are sized by themselves";
constexpr std::string_view kNames = "names are looked up again for each new connection";
constexpr std::string_view kThreads = "one process uses all cores; multiply pool sizes by the number of processes there were";
constexpr std::string_view kOpenSsl = "TLS 1.2 and 1.3 are spoken, with OpenSSL's ciphers";
constexpr std::string_view kLogged = "see log_min_messages";

constexpr auto kSettingKeys = std::to_array<PgbouncerKey>({
    {"listen_addr", handled},
    {"listen_port", carried, "port"},
    {"unix_socket_dir", carried, "unix_socket_directories"},
    {"unix_socket_mode", carried, "unix_socket_permissions"},
    {"unix_socket_group", carried},
    {"pidfile", carried, "pid_file_name"},
    {"pool_mode", carried},
    {"max_client_conn", carried},
    {"default_pool_size", carried},
    {"min_pool_size", carried},
    {"reserve_pool_size", carried},
    {"reserve_pool_timeout", carried},
    {"max_db_connections", carried},
    {"max_user_connections", carried},
    {"max_db_client_connections", carried},
    {"max_user_client_connections", carried},
    {"server_reset_query", carried},
    {"server_lifetime", carried},
    {"server_idle_timeout", carried},
    {"server_connect_timeout", carried},
    {"server_login_retry", carried},
    {"server_check_query", carried},
    {"server_check_delay", carried},
    {"query_wait_timeout", carried},
    {"query_wait_notify", carried},
    {"cancel_wait_timeout", carried},
    {"suspend_timeout", carried},
    {"query_timeout", carried},
    {"idle_transaction_timeout", carried},
    {"transaction_timeout", carried},
    {"client_idle_timeout", carried, "client_idle_limit"},
    {"client_login_timeout", carried, "authentication_timeout"},
    {"max_prepared_statements", carried},
    {"auth_type", handled},
    {"auth_file", handled},
    {"auth_hba_file", handled},
    {"auth_user", carried},
    {"auth_query", carried},
    {"auth_dbname", carried},
    {"client_tls_sslmode", carried},
    {"client_tls_key_file", carried, "ssl_key"},
    {"client_tls_cert_file", carried, "ssl_cert"},
    {"client_tls_ca_file", carried, "ssl_ca_cert"},
    {"server_tls_sslmode", carried},
    {"server_tls_ca_file", carried},
    {"server_tls_key_file", carried},
    {"server_tls_cert_file", carried},
    {"tcp_keepalive", carried},
    {"tcp_keepidle", carried},
    {"tcp_keepintvl", carried},
    {"tcp_keepcnt", carried},
    {"tcp_user_timeout", carried},
    {"log_connections", carried},
    {"log_disconnections", carried},
    {"syslog", handled},
    {"syslog_ident", carried},
    {"syslog_facility", handled},
    {"logfile", missing, "write stderr to a file where the gateway is started, or set log_destination = 'syslog'"},
    {"user", missing, "start the gateway as that user (User= of the systemd unit)"},
    {"admin_users", carried},
    {"stats_users", carried},
    {"application_name_add_host", carried},
    {"peer_id", missing, "one gateway cannot cancel for another: let clients stay with one address"},
    {"disable_pqexec", missing, "the simple protocol cannot be switched off"},
    {"login_notify_message", missing, "no notice is sent at login"},
    {"auth_ident_file", missing, "the common name of a certificate must be the user's name"},
    {"auth_ldap_options", missing, "use scram-sha-256 with pool_passwd or auth_query"},
    {"server_reset_query_always", needless, "a connection is reset whenever a client has left something on it"},
    {"server_round_robin", needless, "the most recently used connection is taken, so that others may close"},
    {"server_fast_close", needless, "a reload closes connections as they come back"},
    {"ignore_startup_parameters", needless, "every startup parameter is taken and applied"},
    {"track_extra_parameters", needless, kTracked},
    {"client_tls_protocols", needless, kOpenSsl},
    {"client_tls_ciphers", needless, kOpenSsl},
    {"client_tls13_ciphers", needless, kOpenSsl},
    {"client_tls_ecdhcurve", needless, kOpenSsl},
    {"client_tls_dheparams", needless, kOpenSsl},
    {"server_tls_protocols", needless, kOpenSsl},
    {"server_tls_ciphers", needless, kOpenSsl},
    {"server_tls13_ciphers", needless, kOpenSsl},
    {"listen_backlog", needless, kBuffers},
    {"tcp_defer_accept", needless, kBuffers},
    {"tcp_socket_buffer", needless, kBuffers},
    {"pkt_buf", needless, kBuffers},
    {"sbuf_loopcnt", needless, kBuffers},
    {"max_packet_size", needless, "messages of any size are streamed"},
    {"so_reuseport", needless, kThreads},
    {"dns_max_ttl", needless, kNames},
    {"dns_nxdomain_ttl", needless, kNames},
    {"dns_zone_check_period", needless, kNames},
    {"resolv_conf", needless, kNames},
    {"autodb_idle_timeout", needless, "nothing is kept open for databases that nobody uses"},
    {"pool_idle_timeout", needless, "nothing is kept open for databases that nobody uses"},
    {"stats_period", carried},
    {"log_stats", needless, kLogged},
    {"log_pooler_errors", needless, kLogged},
    {"verbose", needless, kLogged},
    {"scram_iterations", needless, "4096, PostgreSQL's own"},
    {"conffile", needless, "named on the command line"},
    {"job_name", needless, "see syslog_ident"},
    {"service_name", needless, "see syslog_ident"},
});

constexpr auto kDatabaseKeys = std::to_array<PgbouncerKey>({
    {"host", handled},
    {"port", handled},
    {"dbname", own, "database_dbname"},
    {"user", own, "database_user"},
    {"password", own, "database_password"},
    {"auth_user", own, "database_auth_user"},
    {"auth_query", own, "database_auth_query"},
    {"auth_dbname", own, "database_auth_dbname"},
    {"pool_size", own, "database_pool_size"},
    {"min_pool_size", own, "database_min_pool_size"},
    {"reserve_pool", own, "database_reserve_pool_size"},
    {"reserve_pool_size", own, "database_reserve_pool_size"},
    {"pool_mode", own, "database_pool_mode"},
    {"max_db_connections", own_above_0, "database_max_connections"},
    {"max_db_client_connections", own_above_0, "database_max_client_connections"},
    {"server_lifetime", own, "database_server_lifetime"},
    {"query_wait_timeout", own, "database_query_wait_timeout"},
    {"connect_query", handled},
    {"client_encoding", option},
    {"datestyle", option},
    {"timezone", option},
    {"application_name", option},
    {"load_balance_hosts", needless, "reads are spread over the replicas by weight"},
});

constexpr auto kUserKeys = std::to_array<PgbouncerKey>({
    {"pool_mode", own, "user_pool_mode"},
    {"pool_size", own, "user_pool_size"},
    {"reserve_pool_size", own, "user_reserve_pool_size"},
    {"max_user_connections", own_above_0, "user_max_connections"},
    {"max_user_client_connections", own_above_0, "user_max_client_connections"},
    {"query_timeout", own_above_0, "user_query_timeout"},
    {"idle_transaction_timeout", own_above_0, "user_idle_transaction_timeout"},
    {"transaction_timeout", own_above_0, "user_transaction_timeout"},
    {"client_idle_timeout", own_above_0, "user_client_idle_limit"},
    {"query_wait_timeout", own, "user_query_wait_timeout"},
});

template <typename Table>
const PgbouncerKey* find_in(const Table& table, std::string_view name) {
  const auto row = std::find_if(table.begin(), table.end(), [name](const auto& r) { return r.name == name; });
  return row == table.end() ? nullptr : &*row;
}

}  // namespace

bool is_own_value(const PgbouncerKey& key, std::string_view value) {
  if (!is_own(key.fate) || value.starts_with('-')) return false;
  return key.fate == KeyFate::own || value.find_first_not_of("0.") != std::string_view::npos;
}

const PgbouncerKey* find_setting_key(std::string_view name) { return find_in(kSettingKeys, name); }
const PgbouncerKey* find_database_key(std::string_view name) { return find_in(kDatabaseKeys, name); }
const PgbouncerKey* find_user_key(std::string_view name) { return find_in(kUserKeys, name); }
std::span<const PgbouncerKey> setting_keys() { return kSettingKeys; }
std::span<const PgbouncerKey> database_keys() { return kDatabaseKeys; }
std::span<const PgbouncerKey> user_keys() { return kUserKeys; }

}  // namespace howdah
