#include "conf/derive.hpp"

#include "conf/words.hpp"

#include <algorithm>
#include <cstdint>

namespace howdah {

namespace {

template <typename T, typename Value>
void set_unless_set(Param<T>& param, Value value) {
  if (!param.is_set()) param.set(std::move(value), Origin::derived);
}

void derive_limits(PoolSettings& pool) {
  if (pool.num_init_children.is_set())
    set_unless_set(pool.max_client_conn, pool.num_init_children());
  else if (pool.max_client_conn.is_set())
    set_unless_set(pool.num_init_children, pool.max_client_conn());
  if (!pool.num_init_children.is_set() && !pool.max_pool.is_set()) return;
  const std::int64_t most = std::int64_t{pool.num_init_children()} * pool.max_pool();
  set_unless_set(pool.max_node_connections, static_cast<int>(std::min<std::int64_t>(most, INT32_MAX)));
}

void derive_times(PoolSettings& pool, const HealthSettings& health) {
  if (health.connect_timeout.is_set()) set_unless_set(pool.server_connect_timeout, health.connect_timeout());
  if (pool.connection_life_time.is_set()) set_unless_set(pool.server_idle_timeout, pool.connection_life_time());
  if (!pool.connection_cache()) set_unless_set(pool.server_lifetime, 0ms);
}

// An idle connection is in no transaction, so ABORT has nothing to do.
void derive_reset_query(PoolSettings& pool) {
  if (!pool.reset_query_list.is_set()) return;
  std::string query;
  for (const std::string& item : pool.reset_query_list()) {
    const std::string verb = conf::lower_case(item);
    if (verb == "abort" || verb == "rollback") continue;
    query += (query.empty() ? "" : ";") + item;
  }
  set_unless_set(pool.server_reset_query, std::move(query));
}

// Whoever names one user to look at the servers with means it for both kinds of looking.
void derive_check_users(ReplicationSettings& replication, HealthSettings& health) {
  if (replication.sr_check_user.is_set() && !health.health_check_user.is_set()) {
    set_unless_set(health.health_check_user, replication.sr_check_user());
    set_unless_set(health.health_check_password, replication.sr_check_password());
    set_unless_set(health.health_check_database, replication.sr_check_database());
  } else if (health.health_check_user.is_set() && !replication.sr_check_user.is_set()) {
    set_unless_set(replication.sr_check_user, health.health_check_user());
    set_unless_set(replication.sr_check_password, health.health_check_password());
    set_unless_set(replication.sr_check_database, health.health_check_database());
  }
}

}  // namespace

void derive(Settings& settings) {
  // raw never balances, whatever load_balance_mode says (Pgpool's rule).
  if (settings.clustering.backend_clustering_mode() == ClusteringMode::raw)
    settings.routing.load_balance_mode.set(false, Origin::derived);
  derive_limits(settings.pool);
  derive_times(settings.pool, settings.health);
  derive_reset_query(settings.pool);
  derive_check_users(settings.replication, settings.health);
  if (settings.failover.failover_command.is_set() && !settings.failover.failover_command().empty())
    set_unless_set(settings.howdah.failover_mode, FailoverMode::command);
}

}  // namespace howdah
