// How many server connections there may be, over all workers. 0 means no limit, as PgBouncer's settings do.
#pragma once

#include "base/instant.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace howdah {

// What keeps a waiter from a connection of its own.
enum class PoolLimit : std::uint8_t { none, pool_size, database, user, node };

// As they are for one pool: its database or user may have limits of its own.
struct PoolLimits {
  std::uint32_t default_pool_size = 20;    // per (database, user, node)
  std::uint32_t min_pool_size = 0;         // per (database, user, node), kept open while nobody asks
  std::uint32_t reserve_pool_size = 0;     // on top of default_pool_size, for those who waited reserve_pool_timeout
  std::uint32_t max_db_connections = 0;    // per database, over its users and nodes
  std::uint32_t max_user_connections = 0;  // per user, over databases and nodes
  std::uint32_t max_node_connections = 0;  // per node, over databases and users

  // Moving a socket to another thread costs more than a short wait: while somebody waits here, a waiter elsewhere must
  // be older by more than this to get the connection. 0: strictly first come, first served over all workers.
  Duration hand_over_after = 5ms;
  // Closing a busy pool's connection to make room for another pool costs a new login: the other pool's waiter must
  // be older than ours by more than this. Idle connections make room at once.
  Duration make_room_after = 500ms;

  // The settings that say so where they are not those of kPoolLimits.
  std::map<PoolLimit, std::string> own_settings = {};
};

struct PoolLimitRow {
  PoolLimit limit;
  std::string_view setting;  // the name an operator would raise, if no other says so
  std::uint32_t PoolLimits::*value;
};

inline constexpr std::array kPoolLimits{
    PoolLimitRow{PoolLimit::none, "", nullptr},
    PoolLimitRow{PoolLimit::pool_size, "default_pool_size", &PoolLimits::default_pool_size},
    PoolLimitRow{PoolLimit::database, "max_db_connections", &PoolLimits::max_db_connections},
    PoolLimitRow{PoolLimit::user, "max_user_connections", &PoolLimits::max_user_connections},
    PoolLimitRow{PoolLimit::node, "max_node_connections", &PoolLimits::max_node_connections},
};
static_assert(kPoolLimits.size() == static_cast<std::size_t>(PoolLimit::node) + 1);

constexpr const PoolLimitRow& row_of(PoolLimit limit) { return kPoolLimits[static_cast<std::size_t>(limit)]; }

inline std::string_view setting_of(const PoolLimits& limits, PoolLimit limit) {
  const auto own = limits.own_settings.find(limit);
  return own == limits.own_settings.end() ? row_of(limit).setting : std::string_view(own->second);
}

}  // namespace howdah
