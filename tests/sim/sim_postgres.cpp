#include "tests/sim/sim_postgres.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/rng.hpp"
#include "failover/synchronous.hpp"

namespace howdah::sim {

void Wal::push_back(WalRecord record) {
  if (!records_.empty()) {
    record.history = back().history;
    record.newest_xid = back().newest_xid;
  }
  for (const std::uint64_t part : {record.write, std::uint64_t{record.timeline}, record.xid})
    record.history = Rng(record.history ^ part).next();
  record.newest_xid = std::max(record.newest_xid, record.xid);
  records_.push_back(std::move(record));
}

bool Wal::is_prefix_of(const Wal& other) const {
  return size() == 0 || (size() <= other.size() && back().history == other[size() - 1].history);
}

bool SimPostgres::has_write(std::uint64_t write) const {
  return std::any_of(wal.rbegin(), wal.rend(), [&](const WalRecord& record) { return record.write == write; });
}

bool SimPostgres::has_xid(std::uint64_t xid) const {
  return std::any_of(wal.rbegin(), wal.rend(), [&](const WalRecord& record) { return record.xid == xid; });
}

std::uint64_t SimPostgres::next_xid() const {
  return std::max(wal.back().newest_xid, given_xids) + 1;
}

// Others see a commit that waits for synchronous standbys when it waits no longer.
std::size_t SimPostgres::visible_count() const {
  if (in_recovery) return replayed;
  return waiting.empty() ? wal.size() : *waiting.begin();
}

const Tables& SimPostgres::tables() {
  const std::size_t visible = visible_count();
  if (applied > visible) tables_so_far = {}, applied = 0;
  for (; applied < visible; ++applied)
    for (const Change& change : wal[applied].changes) tables_so_far.apply(change);
  return tables_so_far;
}

bool SimPostgres::is_confirmed(std::size_t count) const {
  if (is_fenced) return false;
  const auto wish = failover::parse_synchronous(synchronous_names);
  if (!wish) return true;
  int confirmations = 0;
  for (const auto& [standby, records] : confirmed) {
    const bool is_named = std::any_of(wish->names.begin(), wish->names.end(), [&, standby = standby](const std::string& name) {
      return name == "*" || name == fmt::format("node{}", standby);
    });
    confirmations += is_named && records >= count ? 1 : 0;
  }
  return confirmations >= wish->count;
}

void SimPostgres::release_confirmed() {
  while (!waiting.empty() && is_confirmed(*waiting.begin() + 1)) waiting.erase(waiting.begin());
}

// Every session ends. What waited for standbys is committed here all the same.
void SimPostgres::forget_clients() {
  ++generation;
  open_transactions = 0;
  row_locks.clear();
  open_xids.clear();
  waiting.clear();
}

std::string SimPostgres::run_name() const { return fmt::format("{} {}", starts, runs); }

void SimPostgres::begin_run(Instant began, Instant now) {
  began_at = began;
  accepted_at = now;
  given_xids = 0;
  ++runs;
  first_xid = next_xid();
}

std::string SimPostgres::status_of(std::uint64_t xid) const {
  if (xid >= next_xid()) return "";
  if (open_xids.contains(xid)) return "in progress";
  return has_xid(xid) ? "committed" : "aborted";
}

void SimPostgres::promote() {
  given_xids = first_xid = 0;
  forked_at = replay_position();
  in_recovery = false;
  is_receiving = false;
  replayed = wal.size();
  ++timeline;
  wal.push_back({.timeline = timeline});
  confirmed.clear();
}

health::ProbeResult SimPostgres::probe(Instant now, const std::vector<SimPostgres>& all) const {
  health::ProbeResult result;
  result.in_recovery = in_recovery;
  result.system_identifier = system_identifier;
  result.timeline = TimelineId{timeline};
  result.synchronous_names = is_fenced ? "howdah_fenced" : synchronous_names;
  if (!in_recovery) {
    result.run = run_name();
    result.first_xid = first_xid;
    if (first_xid != 0) result.run_beginning = {now - began_at, accepted_at - began_at};
    result.inserted = result.flushed = position();
    if (is_disk_hung && open_transactions > 0) result.inserted = Lsn{position().value + 8};
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
