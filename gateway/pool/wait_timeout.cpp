#include "gateway/pool/wait_timeout.hpp"

#include <fmt/format.h>

namespace howdah {

namespace {

std::string limited_thing(const PoolKey& key, PoolLimit limit) {
  switch (limit) {
    case PoolLimit::database:
      return fmt::format("database \"{}\"", key.database);
    case PoolLimit::user:
      return fmt::format("user \"{}\"", key.user);
    case PoolLimit::node:
      return fmt::format("node {}", key.node.value);
    case PoolLimit::pool_size:
    case PoolLimit::none:
      break;
  }
  return fmt::format("database \"{}\", user \"{}\", node {}", key.database, key.user, key.node.value);
}

}  // namespace

Error paused_error(const PoolKey& key, Duration waited) {
  const auto milli = std::chrono::duration_cast<milliseconds>(waited).count();
  return {.code = ErrorCode::pool_wait_timeout,
          .message = fmt::format("query_wait_timeout: no server connection became free within {} ms", milli),
          .detail = fmt::format("database \"{}\" is paused", key.database),
          .hint = "An operator has paused it in the console; RESUME there lets it go on."};
}

Error wait_timeout_error(const PoolKey& key, const PoolLimits& limits, PoolLimit limit, Duration waited,
                         const std::optional<Error>& cause) {
  const auto milli = std::chrono::duration_cast<milliseconds>(waited).count();
  Error error{.code = ErrorCode::pool_wait_timeout,
              .message = fmt::format("query_wait_timeout: no server connection became free within {} ms", milli)};
  if (cause) error.detail = fmt::format("the last attempt to open one failed: {}", to_text(*cause));
  if (limit == PoolLimit::none) {
    error.hint = fmt::format("No limit of the pool is reached; opening a connection for {} takes too long.",
                             limited_thing(key, limit));
    return error;
  }
  const PoolLimitRow& row = row_of(limit);
  error.hint =
      fmt::format("All connections that {} = {} allows for {} are in use. Raise it, or end transactions sooner.",
                  setting_of(limits, limit), limits.*row.value, limited_thing(key, limit));
  return error;
}

}  // namespace howdah
