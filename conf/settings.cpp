#include "conf/settings.hpp"

#include "conf/walk.hpp"

#include <algorithm>

namespace howdah {

namespace {

template <typename T>
const T& own_or_plain(const Param<T>& own, const Param<T>& plain) {
  return own.is_set() ? own() : plain();
}

// The row of the owner's where it is set, else `otherwise`.
template <typename Owner, typename T>
const Param<T>& row_or(const Owner* owner, Param<T> Owner::*row, const Param<T>& otherwise) {
  return owner != nullptr && (owner->*row).is_set() ? owner->*row : otherwise;
}

}  // namespace

const NodeSettings* Settings::find_node(NodeId id) const {
  for (const NodeSettings& node : nodes)
    if (node.id == id) return &node;
  return nullptr;
}

NodeHealth Settings::health_of(const NodeSettings& node) const {
  return {.period = own_or_plain(node.health_check_period, health.health_check_period),
          .timeout = own_or_plain(node.health_check_timeout, health.health_check_timeout),
          .user = own_or_plain(node.health_check_user, health.health_check_user),
          .password = own_or_plain(node.health_check_password, health.health_check_password),
          .database = own_or_plain(node.health_check_database, health.health_check_database),
          .max_retries = own_or_plain(node.health_check_max_retries, health.health_check_max_retries),
          .retry_delay = own_or_plain(node.health_check_retry_delay, health.health_check_retry_delay),
          .connect_timeout = own_or_plain(node.connect_timeout, health.connect_timeout)};
}

const DatabaseSettings* Settings::find_database(std::string_view name) const {
  const DatabaseSettings* every_other = nullptr;
  for (const DatabaseSettings& database : databases) {
    if (database.database_name() == name && !name.empty()) return &database;
    if (database.database_name() == kEveryOther) every_other = &database;
  }
  return every_other;
}

const UserSettings* Settings::find_user(std::string_view name) const {
  const auto found = std::find_if(users.begin(), users.end(), [name](const UserSettings& user) {
    return user.user_name() == name && !name.empty();
  });
  return found == users.end() ? nullptr : &*found;
}

AuthInForce Settings::auth_in_force(std::string_view database) const {
  using D = DatabaseSettings;
  const D* d = find_database(database);
  const bool is_own = d != nullptr && (d->database_auth_user.is_set() || d->database_auth_query.is_set() ||
                                       d->database_auth_dbname.is_set());
  return {.auth_user = row_or(d, &D::database_auth_user, auth.auth_user),
          .auth_query = row_or(d, &D::database_auth_query, auth.auth_query),
          .auth_dbname = row_or(d, &D::database_auth_dbname, auth.auth_dbname),
          .number = is_own ? d->number : -1};
}

std::string_view Settings::server_database(std::string_view database) const {
  const DatabaseSettings* own = find_database(database);
  return own == nullptr || own->database_dbname().empty() ? database : own->database_dbname();
}

std::string_view Settings::server_user(std::string_view database, std::string_view user) const {
  const DatabaseSettings* own = find_database(database);
  return own == nullptr || own->database_user().empty() ? user : own->database_user();
}

PoolInForce Settings::pool_in_force(std::string_view database, std::string_view user) const {
  using D = DatabaseSettings;
  using U = UserSettings;
  const D* d = find_database(database);
  const U* u = find_user(user);
  return {.pool_mode = row_or(u, &U::user_pool_mode, row_or(d, &D::database_pool_mode, pool.pool_mode)),
          .pool_size = row_or(u, &U::user_pool_size, row_or(d, &D::database_pool_size, pool.default_pool_size)),
          .min_pool_size = row_or(d, &D::database_min_pool_size, pool.min_pool_size),
          .reserve_pool_size =
              row_or(u, &U::user_reserve_pool_size, row_or(d, &D::database_reserve_pool_size, pool.reserve_pool_size)),
          .max_db_connections = row_or(d, &D::database_max_connections, pool.max_db_connections),
          .max_user_connections = row_or(u, &U::user_max_connections, pool.max_user_connections),
          .max_db_client_connections =
              row_or(d, &D::database_max_client_connections, pool.max_db_client_connections),
          .max_user_client_connections = row_or(u, &U::user_max_client_connections, pool.max_user_client_connections),
          .server_lifetime = row_or(d, &D::database_server_lifetime, pool.server_lifetime),
          .query_wait_timeout = row_or(u, &U::user_query_wait_timeout,
                                       row_or(d, &D::database_query_wait_timeout, pool.query_wait_timeout)),
          .query_timeout = row_or(u, &U::user_query_timeout, pool.query_timeout),
          .idle_transaction_timeout = row_or(u, &U::user_idle_transaction_timeout, pool.idle_transaction_timeout),
          .transaction_timeout = row_or(u, &U::user_transaction_timeout, pool.transaction_timeout),
          .client_idle_limit = row_or(u, &U::user_client_idle_limit, pool.client_idle_limit)};
}

TlsMode Settings::client_tls_mode() const {
  if (tls.client_tls_sslmode.is_set()) return tls.client_tls_sslmode();
  return tls.ssl() ? TlsMode::prefer : TlsMode::disable;
}

TlsMode Settings::server_tls_mode() const {
  if (tls.server_tls_sslmode.is_set()) return tls.server_tls_sslmode();
  return tls.ssl() ? TlsMode::prefer : TlsMode::disable;
}

std::string Settings::beside(std::string_view file) const {
  const auto slash = path.rfind('/');
  if (file.empty() || file.front() == '/' || slash == std::string::npos) return std::string(file);
  return path.substr(0, slash + 1).append(file);
}

NodeSettings& add_node(Settings& settings, NodeId id) {
  auto& nodes = settings.nodes;
  auto place = std::find_if(nodes.begin(), nodes.end(), [id](const NodeSettings& node) { return node.id >= id; });
  if (place != nodes.end() && place->id == id) return *place;
  place = nodes.insert(place, NodeSettings{});
  place->id = id;
  number_rows(*place, id.value);
  return *place;
}

}  // namespace howdah
