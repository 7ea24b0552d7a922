// What a client reads that waited query_wait_timeout for a server connection: which setting limits, and its value.
#pragma once

#include "base/errors.hpp"
#include "gateway/pool/limits.hpp"
#include "gateway/pool/pool_key.hpp"

#include <optional>

namespace howdah {

// `limit` none: no limit was in the way, connections could not be opened (in time); `cause` is why the last one failed.
Error wait_timeout_error(const PoolKey& key, const PoolLimits& limits, PoolLimit limit, Duration waited,
                         const std::optional<Error>& cause);

// The same while the database is paused.
Error paused_error(const PoolKey& key, Duration waited);

}  // namespace howdah
