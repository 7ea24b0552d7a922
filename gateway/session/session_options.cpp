#include "gateway/session/session_options.hpp"

namespace howdah {

SessionOptions session_options_of(const Settings& settings, std::string_view database, std::string_view user) {
  const PoolSettings& pool = settings.pool;
  const PoolInForce own = settings.pool_in_force(database, user);
  SessionOptions options;
  options.pool_mode = own.pool_mode();
  options.primary_wait_timeout = settings.howdah.primary_wait_timeout();
  options.primary_wait_max_clients = static_cast<std::uint32_t>(settings.howdah.primary_wait_max_clients());
  options.client_idle_limit = own.client_idle_limit();
  options.idle_transaction_timeout = own.idle_transaction_timeout();
  options.query_wait_notify = pool.query_wait_notify();
  options.query_timeout = own.query_timeout();
  options.transaction_timeout = own.transaction_timeout();
  options.max_parse_size = static_cast<std::size_t>(settings.howdah.max_parse_size().bytes);
  options.max_prepared_statements = static_cast<std::size_t>(pool.max_prepared_statements());
  options.commit_safety = settings.howdah.commit_safety();
  options.transaction_replay = settings.howdah.transaction_replay();
  options.transaction_replay_size = static_cast<std::size_t>(settings.howdah.transaction_replay_size().bytes);
  options.transaction_replay_timeout = settings.howdah.transaction_replay_timeout();
  options.server_reset_query = read_reset_query(pool.server_reset_query());
  return options;
}

}  // namespace howdah
