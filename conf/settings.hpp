// Every knob of Howdah. A parameter is one row in conf/settings/*.hpp; the member has the parameter's name:
//
//   settings.health.health_check_period()      // the value
//   settings.howdah.failover_mode.is_set()     // written in the file or environment
//
// A Settings is made by the loader (conf/load.hpp), never changed after publishing, and shared by every thread as a
// SettingsPtr; a reload makes a new one. Walk all rows with conf/walk.hpp.
#pragma once

#include "conf/settings/clients.hpp"
#include "conf/settings/elsewhere.hpp"
#include "conf/settings/failover.hpp"
#include "conf/settings/operation.hpp"
#include "conf/settings/own.hpp"
#include "conf/settings/peers.hpp"
#include "conf/settings/pools.hpp"
#include "conf/settings/routing.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace howdah {

// What counts for one node: its own health_check_*N where set, else the plain one.
struct NodeHealth {
  seconds period;
  seconds timeout;
  std::string user;
  std::string password;
  std::string database;
  int max_retries;
  seconds retry_delay;
  milliseconds connect_timeout;
};

// What counts for the clients of one database and user: the user's own setting, else the database's, else the one for
// all. Each is the parameter that says so, to be named to whom it limits. Borrowed from the Settings.
struct PoolInForce {
  const Param<PoolMode>& pool_mode;
  const Param<int>& pool_size;
  const Param<int>& min_pool_size;
  const Param<int>& reserve_pool_size;
  const Param<int>& max_db_connections;
  const Param<int>& max_user_connections;
  const Param<int>& max_db_client_connections;
  const Param<int>& max_user_client_connections;
  const Param<milliseconds>& server_lifetime;
  const Param<milliseconds>& query_wait_timeout;
  const Param<milliseconds>& query_timeout;
  const Param<milliseconds>& idle_transaction_timeout;
  const Param<milliseconds>& transaction_timeout;
  const Param<seconds>& client_idle_limit;
};

// What counts for looking up the passwords of who asks for one database.
struct AuthInForce {
  const Param<std::string>& auth_user;
  const Param<std::string>& auth_query;
  const Param<std::string>& auth_dbname;
  int number = -1;  // of the database's block; -1: it says nothing of its own
};

struct Settings {
  ClusteringSettings clustering = {};
  ListenSettings listen = {};
  AuthSettings auth = {};
  TlsSettings tls = {};
  PoolSettings pool = {};
  LogSettings log = {};
  FileSettings files = {};
  RoutingSettings routing = {};
  ReplicationSettings replication = {};
  HealthSettings health = {};
  FailoverSettings failover = {};
  RecoverySettings recovery = {};
  WatchdogSettings watchdog = {};
  CacheSettings cache = {};
  RelcacheSettings relcache = {};
  NativeSettings native = {};
  HowdahSettings howdah = {};
  PeerSettings peers = {};
  AgentSettings agent = {};

  std::vector<NodeSettings> nodes = {};  // in order of id; ids may have gaps
  std::vector<DatabaseSettings> databases = {};  // in order of number; numbers may have gaps
  std::vector<UserSettings> users = {};
  std::vector<WatchdogMember> members = {};
  std::vector<Heartbeat> heartbeats = {};

  std::string path = {};  // of pgpool.conf; empty if made without a file

  const NodeSettings* find_node(NodeId id) const;
  NodeHealth health_of(const NodeSettings& node) const;
  // What the database has of its own, else those without anything of their own ("*"); nullptr: nothing.
  const DatabaseSettings* find_database(std::string_view name) const;
  const UserSettings* find_user(std::string_view name) const;
  AuthInForce auth_in_force(std::string_view database) const;
  // What a database that clients ask for is called on the servers, and who logs in there for a client of it.
  std::string_view server_database(std::string_view database) const;
  std::string_view server_user(std::string_view database, std::string_view user) const;
  PoolInForce pool_in_force(std::string_view database, std::string_view user) const;

  // TLS towards clients and servers: the sslmode parameters where set, else prefer or disable as `ssl` says.
  TlsMode client_tls_mode() const;
  TlsMode server_tls_mode() const;

  // A file named in the configuration: absolute, or beside pgpool.conf. Empty stays empty.
  std::string beside(std::string_view file) const;
};

using SettingsPtr = std::shared_ptr<const Settings>;  // shared: readers keep the snapshot they started with

// Makes node `id` (or finds it), in its place. For the loader and for tests.
NodeSettings& add_node(Settings& settings, NodeId id);

}  // namespace howdah
