#include "gateway/options.hpp"

#include "gateway/login/cancel.hpp"
#include "gateway/pool/pool_options.hpp"

#include <algorithm>
#include <thread>
#include <utility>

namespace howdah {

namespace {

LogLevel to_log_level(MessageLevel level) {
  if (level < MessageLevel::debug1) return LogLevel::trace;
  if (level == MessageLevel::debug1) return LogLevel::debug;
  if (level < MessageLevel::warning) return LogLevel::info;
  return level == MessageLevel::warning ? LogLevel::warn : LogLevel::error;
}

bool contains(const StringList& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

TcpOptions tcp_options(const Settings& settings) {
  TcpOptions out;
  out.keepalive = settings.listen.tcp_keepalive();
  out.keepalive_idle = static_cast<int>(settings.listen.tcp_keepidle().count());
  out.keepalive_interval = static_cast<int>(settings.listen.tcp_keepintvl().count());
  out.keepalive_count = settings.listen.tcp_keepcnt();
  out.user_timeout = settings.listen.tcp_user_timeout();
  return out;
}

// A silent network is noticed in two to four seconds where the file does not say otherwise: by keepalive on idle
// connections, by the user timeout on those with unacknowledged data, for each alone misses the other's case.
TcpOptions server_tcp_options(const Settings& settings) {
  TcpOptions out = tcp_options(settings);
  if (!settings.listen.tcp_keepidle.is_set()) out.keepalive_idle = 2;
  if (!settings.listen.tcp_keepintvl.is_set()) out.keepalive_interval = 1;
  if (!settings.listen.tcp_keepcnt.is_set()) out.keepalive_count = 2;
  out.reader_timeout = 2s;
  return out;
}

TlsServerOptions tls_server_options(const Settings& settings) {
  TlsServerOptions out;
  out.cert_file = settings.beside(settings.tls.ssl_cert());
  out.key_file = settings.beside(settings.tls.ssl_key());
  out.ca_file = settings.beside(settings.tls.ssl_ca_cert());
  out.ca_dir = settings.beside(settings.tls.ssl_ca_cert_dir());
  out.crl_file = settings.beside(settings.tls.ssl_crl_file());
  out.needs_client_certificate = settings.client_tls_mode() >= TlsMode::verify_ca;
  out.ciphers = settings.tls.ssl_ciphers();
  out.prefer_server_ciphers = settings.tls.ssl_prefer_server_ciphers();
  out.curve = settings.tls.ssl_ecdh_curve();
  out.dh_file = settings.beside(settings.tls.ssl_dh_params_file());
  return out;
}

// Those that could not be read have been refused with the file.
std::vector<ServiceUrl> service_urls(const StringList& texts, std::uint16_t default_port) {
  std::vector<ServiceUrl> urls;
  for (const std::string& text : texts)
    if (auto url = parse_service_url(text, default_port)) urls.push_back(std::move(*url));
  return urls;
}

}  // namespace

TlsClientOptions tls_client_options(const Settings& settings) {
  const auto or_else = [](const std::string& first, const std::string& second) {
    return first.empty() ? second : first;
  };
  TlsClientOptions out;
  out.mode = settings.server_tls_mode();
  out.ca_file = settings.beside(or_else(settings.tls.server_tls_ca_file(), settings.tls.ssl_ca_cert()));
  out.ca_dir = settings.beside(settings.tls.ssl_ca_cert_dir());
  out.crl_file = settings.beside(settings.tls.ssl_crl_file());
  out.cert_file = settings.beside(settings.tls.server_tls_cert_file());
  out.key_file = settings.beside(settings.tls.server_tls_key_file());
  out.ciphers = or_else(settings.tls.server_tls_ciphers(), settings.tls.ssl_ciphers());
  return out;
}

LogSinkOptions log_options(const Settings& settings, bool has_debug) {
  LogSinkOptions out;
  out.level = has_debug ? LogLevel::debug : to_log_level(settings.log.log_min_messages());
  out.to_stderr = contains(settings.log.log_destination(), "stderr");
  out.to_syslog = contains(settings.log.log_destination(), "syslog");
  out.syslog_ident = settings.log.syslog_ident();
  out.syslog_facility = names_of(SyslogFacility{})[static_cast<std::size_t>(settings.log.syslog_facility())].code;
  out.line_prefix = settings.log.log_line_prefix();
  return out;
}

ListenOptions listen_options(const Settings& settings) {
  ListenOptions out;
  out.addresses = settings.listen.listen_addresses();
  out.port = static_cast<std::uint16_t>(settings.listen.port());
  out.unix_directories = settings.listen.unix_socket_directories();
  out.unix_permissions = static_cast<unsigned>(settings.listen.unix_socket_permissions());
  out.unix_group = settings.listen.unix_socket_group();
  out.backlog = std::max(settings.listen.listen_backlog_multiplier() * settings.pool.num_init_children(), 128);
  return out;
}

health::HealthOptions health_options(const Settings& settings) { return health::options_from_settings(settings); }

failover::FailoverOptions failover_options(const Settings& settings) { return failover::options_from_settings(settings); }

failover::EtcdOptions etcd_options(const Settings& settings) {
  const PeerSettings& peers = settings.peers;
  return {.http = {.urls = service_urls(peers.etcd_endpoints(), kEtcdPort), .ca_file = settings.beside(peers.etcd_ca_file())},
          .user = peers.etcd_user(),
          .password = peers.etcd_password(),
          .cluster_name = peers.etcd_cluster_name(),
          .lease_time = peers.etcd_lease_time()};
}

failover::HttpOptions patroni_options(const Settings& settings) {
  const PeerSettings& peers = settings.peers;
  return {service_urls(peers.patroni_urls(), kPatroniPort), settings.beside(peers.patroni_ca_file()), peers.patroni_user(),
          peers.patroni_password()};
}

CatalogReaderOptions catalog_options(const Settings& settings) {
  CatalogReaderOptions out;
  out.rules.checks_unlogged = settings.relcache.check_unlogged_table();
  out.rules.foreign_reads_may_use_replica = settings.howdah.load_balance_foreign_tables();
  if (settings.relcache.relcache_expire() > 0s) out.interval = settings.relcache.relcache_expire();
  return out;
}

Budget::LimitsOf pool_limits(SettingsPtr settings) {
  return [settings = std::move(settings)](const PoolKey& key) {
    return pool_options_of(*settings, key.database, key.user).limits;
  };
}

ConsoleAccess console_access(const Settings& settings) {
  return {settings.auth.admin_users(), settings.auth.stats_users()};
}

// Not one per core: a worker with more clients sleeps and wakes up less often, and on small machines the servers need
// cores, too. On two cores, eight clients cost a quarter less CPU each with one worker than with two (./dev bench).
std::uint32_t worker_count(const Settings& settings) {
  const int asked = settings.howdah.worker_threads();
  return asked > 0 ? static_cast<std::uint32_t>(asked) : std::clamp(std::thread::hardware_concurrency() / 2, 1U, login::kMaxWorkers);
}

Result<WorkerConfig> worker_config(const Settings& settings, Log& log) {
  WorkerConfig out;
  out.session = session_options_of(settings, {}, {});
  auto routing = routing_options_of(settings);
  if (!routing) return routing.error();
  out.routing = std::make_shared<const RoutingOptions>(std::move(*routing));
  out.parse_cache_size = static_cast<std::size_t>(settings.howdah.parse_cache_size().bytes);
  out.tracked_statements = static_cast<std::size_t>(settings.howdah.track_statements());
  if (settings.client_tls_mode() != TlsMode::disable) {
    auto tls = TlsServer::make(tls_server_options(settings));
    // As Pgpool: starts, and clients that ask for TLS are told there is none. Who insists on TLS gets an error instead.
    if (!tls && settings.client_tls_mode() >= TlsMode::require) return tls.error();
    if (!tls)
      log.warn("TLS for clients is off why=\"{}\"", to_text(tls.error()));
    else
      out.tls_server = std::make_shared<const TlsServer>(std::move(*tls));
  }
  if (settings.server_tls_mode() != TlsMode::disable) {
    auto tls = TlsClient::make(tls_client_options(settings));
    if (!tls) return tls.error();
    out.tls_client = std::make_shared<const TlsClient>(std::move(*tls));
  }
  out.requires_tls = settings.client_tls_mode() >= TlsMode::require;
  out.client_tcp = tcp_options(settings);
  out.server_tcp = server_tcp_options(settings);
  out.server_connect_timeout = settings.pool.server_connect_timeout();
  out.cancel_wait_timeout = settings.pool.cancel_wait_timeout();
  out.client_login_timeout = settings.auth.authentication_timeout();
  out.console = console_access(settings);
  out.console_version = std::string(release_of(settings.howdah.pgbouncer_compatibility())) + "/bouncer";
  out.auth_cache_lifetime = settings.auth.auth_cache_lifetime();
  out.max_clients = static_cast<std::uint32_t>(settings.pool.max_client_conn());
  out.statement_log = {settings.log.log_statement(), settings.log.log_per_node_statement()};
  out.settings = std::make_shared<const Settings>(settings);
  out.logs_connections = settings.log.log_connections();
  out.logs_disconnections = settings.log.log_disconnections();
  return out;
}

}  // namespace howdah
