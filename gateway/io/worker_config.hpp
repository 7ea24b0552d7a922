// What a worker works by, taken out of the settings once per load. Immutable; a reload gives every worker a new one,
// and each client keeps the one it logged in under.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/io/socket.hpp"
#include "gateway/io/tls.hpp"
#include "gateway/login/client_login.hpp"
#include "gateway/session/console_role.hpp"
#include "gateway/session/session_options.hpp"
#include "gateway/session/surroundings.hpp"
#include "gateway/wire/startup.hpp"
#include "sql_router/routing_options.hpp"

namespace howdah {

// A client that wants in.
struct LoginQuestion {
  const wire::StartupMessage& startup;
  const SocketAddress& peer;
  bool has_tls = false;
  bool is_our_own_user = false;  // a Unix-domain socket, and the other end runs as the operating system's user we run as
  std::optional<std::string> client_name = {};  // confirmed; only looked up if judge_login may ask for it
};

// Whom to ask for the secrets of users that no file lists.
struct AuthSource {
  std::string user;
  std::string database;
  std::string query;
  login::ServerCredential credential;
};

struct WorkerConfig {
  SessionOptions session;  // of clients whose database and user have nothing of their own
  std::shared_ptr<const RoutingOptions> routing;  // shared by the workers
  std::size_t parse_cache_size = 16 << 20;
  std::size_t catalog_size = 10000;
  std::size_t tracked_statements = 0;  // by SHOW POOL_STATEMENTS

  std::shared_ptr<const TlsServer> tls_server;  // null: no TLS for clients
  std::shared_ptr<const TlsClient> tls_client;  // null: no TLS towards servers
  bool requires_tls = false;                    // clients on TCP without TLS are refused
  TcpOptions client_tcp;
  TcpOptions server_tcp;
  milliseconds server_connect_timeout{15000};
  milliseconds cancel_wait_timeout{10000};   // 0: none, also below
  milliseconds client_login_timeout{60000};
  std::uint32_t max_clients = 100;           // over all workers
  StatementLog statement_log;
  SettingsPtr settings;                      // all of this comes from them
  bool logs_connections = false;
  bool logs_disconnections = false;

  // Which method and secret apply (pool_hba.conf, pool_passwd); fills in no randomness. Called on every worker.
  std::function<login::ClientLoginFacts(const LoginQuestion&)> judge_login;
  ConsoleAccess console;         // who may use the PgBouncer console
  std::string console_version;   // what it reports as server_version
  std::map<int, AuthSource> auth_sources;     // by AuthInForce::number; none where auth_user is not set
  std::map<int, login::ServerCredential> forced_credentials;  // of database_userN, by N
  milliseconds auth_cache_lifetime{60000};  // of what a server has said of a password
  bool needs_client_names = false;  // pool_hba.conf has rules for host names
};

using WorkerConfigPtr = std::shared_ptr<const WorkerConfig>;  // shared: clients and connections outlive a reload

}  // namespace howdah
