// The SQL of every step, in one place. Each statement of a list is sent alone. Grants they need: failover/README.md.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/instant.hpp"

namespace howdah::failover {

using Statements = std::vector<std::string>;

// How long a standby may hear nothing before its WAL receiver gives up, while Howdah asks whether the primary lives.
// The receiver pings at half of it, so a living primary is heard at least once a second.
inline constexpr Duration kAskedReceiverTimeout = 2s;
// A receiver that has heard nothing for this long although it pings does not hear its primary. Not to be counted from
// before it was asked: an idle primary may be silent for half of wal_sender_timeout, 30 s.
inline constexpr Duration kSilenceThatCounts = 5s;

Statements sql_read_source();  // columns: primary_conninfo, primary_slot_name, wal_receiver_timeout in ms
Statements sql_set_receiver_timeout(Duration timeout);
Statements sql_set_source(std::string_view conninfo);
Statements sql_promote();
Statements sql_create_slot(std::string_view name);
Statements sql_checkpoint();
Statements sql_count_busy();  // column: number of transactions open
Statements sql_close();       // last column: the flush position after it
Statements sql_reopen();

}  // namespace howdah::failover
