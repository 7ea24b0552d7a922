#include "gateway/session/session_options.hpp"

namespace howdah {

SessionOptions session_options_of(const Settings& settings) {
  const PoolSettings& pool = settings.pool;
  SessionOptions options;
  options.pool_mode = pool.pool_mode();
  options.primary_wait_timeout = settings.howdah.primary_wait_timeout();
  options.client_idle_limit = pool.client_idle_limit();
  options.idle_transaction_timeout = pool.idle_transaction_timeout();
  options.query_timeout = pool.query_timeout();
  options.transaction_timeout = pool.transaction_timeout();
  options.max_parse_size = static_cast<std::size_t>(settings.howdah.max_parse_size().bytes);
  options.max_prepared_statements = static_cast<std::size_t>(pool.max_prepared_statements());
  options.commit_safety = settings.howdah.commit_safety();
  options.transaction_replay = settings.howdah.transaction_replay();
  options.transaction_replay_size = static_cast<std::size_t>(settings.howdah.transaction_replay_size().bytes);
  options.transaction_replay_timeout = settings.howdah.transaction_replay_timeout();
  options.server_reset_query = pool.server_reset_query();
  return options;
}

}  // namespace howdah
