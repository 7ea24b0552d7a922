#include "tests/sim/sim_postgres.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace howdah::sim {

bool SimPostgres::is_prefix_of(const SimPostgres& other) const {
  return wal.size() <= other.wal.size() && std::equal(wal.begin(), wal.end(), other.wal.begin());
}

bool SimPostgres::has_write(std::uint64_t write) const {
  return std::any_of(wal.begin(), wal.end(), [&](const WalRecord& record) { return record.write == write; });
}

void SimPostgres::promote() {
  in_recovery = false;
  is_receiving = false;
  replayed = wal.size();
  ++timeline;
  wal.push_back({0, timeline});
}

health::ProbeResult SimPostgres::probe(Instant now, const std::vector<SimPostgres>& all) const {
  health::ProbeResult result;
  result.in_recovery = in_recovery;
  result.system_identifier = system_identifier;
  result.timeline = TimelineId{timeline};
  if (is_fenced) result.synchronous_names = "howdah_fenced";
  if (!in_recovery) {
    result.inserted = result.flushed = position();
    for (const SimPostgres& standby : all)
      if (standby.is_receiving && standby.sender == id)
        result.standbys.push_back({fmt::format("node{}", standby.id), "127.0.0.1", 40000 + standby.id, "streaming", "async"});
    return result;
  }
  result.received = position();
  result.replayed = replay_position();
  if (is_receiving) {
    result.receiver_status = "streaming";
    result.received_timeline = TimelineId{timeline};
    result.last_message_age = now - heard_at;
    result.sender_host = fmt::format("pg{}", sender);
    result.sender_port = 5432;
  }
  return result;
}

}  // namespace howdah::sim
