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

  std::vector<NodeSettings> nodes = {};  // in order of id; ids may have gaps
  std::vector<WatchdogMember> members = {};
  std::vector<Heartbeat> heartbeats = {};

  std::string path = {};  // of pgpool.conf; empty if made without a file

  const NodeSettings* find_node(NodeId id) const;
  NodeHealth health_of(const NodeSettings& node) const;

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
