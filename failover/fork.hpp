// Where the history of a promoted standby parts from the old primary's.
#pragma once

#include <cstdint>
#include <string>

namespace howdah::failover {

// Taken on a standby that has replayed all it received, before it is promoted.
struct Fork {
  std::uint64_t xid = 0;      // the first one it does not have; 0: not known
  std::string replayed = {};  // pg_last_wal_replay_lsn: still the same after the promotion, or the xid is no bound
  friend bool operator==(const Fork&, const Fork&) = default;
};

}  // namespace howdah::failover
