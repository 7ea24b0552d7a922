#include "gateway/pool/pool_options.hpp"

#include <algorithm>

namespace howdah {

namespace {

std::uint32_t to_limit(const Param<int>& param) { return static_cast<std::uint32_t>(std::max(param(), 0)); }

PoolLimits limits_of(const PoolSettings& all, const PoolInForce& own) {
  PoolLimits limits;
  limits.default_pool_size = to_limit(own.pool_size);
  limits.min_pool_size = to_limit(own.min_pool_size);
  limits.reserve_pool_size = to_limit(own.reserve_pool_size);
  limits.max_db_connections = to_limit(own.max_db_connections);
  limits.max_user_connections = to_limit(own.max_user_connections);
  limits.max_node_connections = to_limit(all.max_node_connections);
  const auto name = [&limits](PoolLimit limit, const ParamBase& param) {
    if (param.name() != row_of(limit).setting) limits.own_settings[limit] = param.name();
  };
  name(PoolLimit::pool_size, own.pool_size);
  name(PoolLimit::database, own.max_db_connections);
  name(PoolLimit::user, own.max_user_connections);
  return limits;
}

}  // namespace

PoolOptions pool_options_of(const Settings& settings, std::string_view database, std::string_view user) {
  const PoolSettings& all = settings.pool;
  const PoolInForce own = settings.pool_in_force(database, user);
  PoolOptions options;
  options.limits = limits_of(all, own);
  options.reserve_pool_timeout = all.reserve_pool_timeout();
  options.query_wait_timeout = own.query_wait_timeout();
  options.server_lifetime = own.server_lifetime();
  options.server_idle_timeout = all.server_idle_timeout();
  if (!all.server_check_query().empty()) options.check_delay = all.server_check_delay();
  options.check_timeout = all.server_connect_timeout();
  options.server_login_retry = all.server_login_retry();
  return options;
}

}  // namespace howdah
