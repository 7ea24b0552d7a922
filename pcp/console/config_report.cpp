// SHOW CONFIG: PgBouncer's settings by its names, in order. Those that Howdah has are shown as they are in force; those that
// have no meaning here with the value PgBouncer has by default.
#include "pcp/console/console_reports.hpp"

#include "conf/walk.hpp"
#include "pcp/console/config_names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace howdah::pcp {

namespace {

constexpr std::string_view kNull = "\x01";  // a default that is NULL

struct ConfigRow {
  std::string_view key;
  std::string_view usual;  // PgBouncer's default
  bool is_changeable = true;
  Since since = Since::ever;
};

constexpr std::string_view kAuthQuery =
    "SELECT rolname, CASE WHEN rolvaliduntil < now() THEN NULL ELSE rolpassword END FROM pg_authid WHERE rolname=$1 AND "
    "rolcanlogin";

constexpr auto kRows = std::to_array<ConfigRow>({
    {"admin_users", ""},
    {"application_name_add_host", "0"},
    {"auth_dbname", kNull, true, kNew},
    {"auth_file", kNull},
    {"auth_hba_file", ""},
    {"auth_ident_file", "", true, kNew},
    {"auth_ldap_options", kNull, true, kNew},
    {"auth_query", kAuthQuery},
    {"auth_type", "md5"},
    {"auth_user", kNull},
    {"autodb_idle_timeout", "3600"},
    {"cancel_wait_timeout", "10", true, kNew},
    {"client_idle_timeout", "0"},
    {"client_login_timeout", "60"},
    {"client_tls13_ciphers", "", true, kNew},
    {"client_tls_ca_file", ""},
    {"client_tls_cert_file", ""},
    {"client_tls_ciphers", "default"},
    {"client_tls_dheparams", "auto"},
    {"client_tls_ecdhcurve", "auto"},
    {"client_tls_key_file", ""},
    {"client_tls_protocols", "secure"},
    {"client_tls_sslmode", "disable"},
    {"conffile", kNull},
    {"default_pool_size", "20"},
    {"disable_pqexec", "0", false},
    {"dns_max_ttl", "15"},
    {"dns_nxdomain_ttl", "15"},
    {"dns_zone_check_period", "0"},
    {"idle_transaction_timeout", "0"},
    {"ignore_startup_parameters", ""},
    {"job_name", "pgbouncer", false},
    {"listen_addr", "", false},
    {"listen_backlog", "128", false},
    {"listen_port", "6432", false},
    {"log_connections", "1"},
    {"log_disconnections", "1"},
    {"log_pooler_errors", "1"},
    {"log_stats", "1"},
    {"logfile", ""},
    {"max_client_conn", "100"},
    {"max_db_client_connections", "0", true, kNew},
    {"max_db_connections", "0"},
    {"max_packet_size", "2147483647"},
    {"max_prepared_statements", "200", true, kNew},
    {"max_user_client_connections", "0", true, kNew},
    {"max_user_connections", "0"},
    {"min_pool_size", "0"},
    {"peer_id", "0", true, kNew},
    {"pidfile", "", false},
    {"pkt_buf", "4096", false},
    {"pool_mode", "session"},
    {"query_timeout", "0"},
    {"query_wait_notify", "5", true, kNew},
    {"query_wait_timeout", "120"},
    {"reserve_pool_size", "0"},
    {"reserve_pool_timeout", "5"},
    {"resolv_conf", "", false},
    {"sbuf_loopcnt", "5"},
    {"scram_iterations", "4096", true, kNew},
    {"server_check_delay", "30"},
    {"server_check_query", "<empty>"},
    {"server_connect_timeout", "15"},
    {"server_fast_close", "0"},
    {"server_idle_timeout", "600"},
    {"server_lifetime", "3600"},
    {"server_login_retry", "15"},
    {"server_reset_query", "DISCARD ALL"},
    {"server_reset_query_always", "0"},
    {"server_round_robin", "0"},
    {"server_tls13_ciphers", "", true, kNew},
    {"server_tls_ca_file", ""},
    {"server_tls_cert_file", ""},
    {"server_tls_ciphers", "default"},
    {"server_tls_key_file", ""},
    {"server_tls_protocols", "secure"},
    {"server_tls_sslmode", "prefer"},
    {"so_reuseport", "0", false},
    {"stats_period", "60"},
    {"stats_users", ""},
    {"suspend_timeout", "10"},
    {"syslog", "0"},
    {"syslog_facility", "daemon"},
    {"syslog_ident", "pgbouncer"},
    {"tcp_defer_accept", "1"},
    {"tcp_keepalive", "1"},
    {"tcp_keepcnt", "0"},
    {"tcp_keepidle", "0"},
    {"tcp_keepintvl", "0"},
    {"tcp_socket_buffer", "0"},
    {"tcp_user_timeout", "0"},
    {"track_extra_parameters", "IntervalStyle", false, kNew},
    {"transaction_timeout", "0", true, kNew},
    {"unix_socket_dir", "/tmp", false},
    {"unix_socket_group", "", false},
    {"unix_socket_mode", "0777", false},
    {"user", kNull, false},
    {"verbose", "0"},
});

Cell value_of(const ConfigRow& row, const ConsoleFacts& facts) {
  const Settings& settings = facts.settings();
  if (row.key == "conffile") return settings.path;
  const ParamBase* ours = find_param(settings, own_name_of(row.key));
  if (ours == nullptr) return row.usual == kNull ? Cell{} : Cell{row.usual};
  if (ours->is_secret()) return "****";
  std::string value = console_value(*ours);
  return value.empty() && row.usual == kNull ? Cell{} : Cell{std::move(value)};
}

Cell default_of(const ConfigRow& row) { return row.usual == kNull ? Cell{} : Cell{row.usual}; }

}  // namespace

bool is_without_meaning(std::string_view pgbouncer_name, const Settings& settings) {
  const bool is_theirs = std::ranges::find(kRows, pgbouncer_name, &ConfigRow::key) != kRows.end();
  return is_theirs && find_param(settings, own_name_of(pgbouncer_name)) == nullptr;
}

ConsoleAnswer show_config(const ConsoleFacts& facts) {
  ConsoleAnswer answer{.columns = {"key", "value", "default", "changeable"},
                       .types = std::vector<CellType>(4, CellType::text)};
  for (const ConfigRow& row : kRows) {
    if (!is_in(row.since, facts.version())) continue;
    const ParamBase* ours = find_param(facts.settings(), own_name_of(row.key));
    const bool can_change = row.is_changeable && (ours == nullptr || ours->change() != Change::restart);
    answer.rows.push_back({std::string(row.key), value_of(row, facts), default_of(row), can_change ? "yes" : "no"});
  }
  return answer;
}

}  // namespace howdah::pcp
