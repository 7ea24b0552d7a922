#include "gateway/login/client_counts.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/assert.hpp"

namespace howdah::login {

namespace {

using Counts = std::map<std::string, std::uint32_t>;

std::uint32_t to_limit(const Param<int>& param) { return static_cast<std::uint32_t>(std::max(param(), 0)); }

bool is_full(const Counts& counts, const std::string& name, std::uint32_t limit) {
  const auto found = counts.find(name);
  return limit > 0 && found != counts.end() && found->second >= limit;
}

// PostgreSQL's words where a database or role has its CONNECTION LIMIT.
Error refusal(std::string_view what, const std::string& name, const std::string& setting, std::uint32_t limit) {
  return {.code = ErrorCode::too_many_clients,
          .message = fmt::format("too many connections for {} \"{}\"", what, name),
          .hint = fmt::format("{} = {} allows no more clients. Raise it, or end some.", setting, limit)};
}

void count_down(Counts& counts, const std::string& name) {
  const auto found = counts.find(name);
  HOWDAH_ASSERT(found != counts.end());
  if (--found->second == 0) counts.erase(found);
}

}  // namespace

ClientLimits client_limits_of(const Settings& settings, const std::string& database, const std::string& user) {
  const PoolInForce own = settings.pool_in_force(database, user);
  return {.of_database = to_limit(own.max_db_client_connections),
          .of_user = to_limit(own.max_user_client_connections),
          .database_setting = own.max_db_client_connections.name(),
          .user_setting = own.max_user_client_connections.name()};
}

Result<void> ClientCounts::enter(const std::string& database, const std::string& user, const ClientLimits& limits) {
  if (is_full(databases_, database, limits.of_database))
    return refusal("database", database, limits.database_setting, limits.of_database);
  if (is_full(users_, user, limits.of_user)) return refusal("role", user, limits.user_setting, limits.of_user);
  ++databases_[database];
  ++users_[user];
  return {};
}

void ClientCounts::leave(const std::string& database, const std::string& user) {
  count_down(databases_, database);
  count_down(users_, user);
}

}  // namespace howdah::login
