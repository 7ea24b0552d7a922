// Which run of the primary's server a transaction belongs to: from a start, or a crash that it recovers from, to the next. Ids of
// transactions that were lost in a crash are handed out again in the next run, so what pg_xact_status says of one depends on that.
// The probes tell the run (health/events.hpp). Two between which no other was seen count as one behind the other: a primary is
// asked at once when a connection to it breaks, and every 100 ms until it answers. Pure; part of CommitFates.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/instant.hpp"

namespace howdah::failover {

struct ServerRun {
  std::string name;             // as the server tells it
  std::uint64_t first_xid = 0;  // that it hands out; 0: not known
  Instant from = {};            // it was under way from here, when it had answered first;
  Instant to = {};              // who came before this came in this run, or in one before
};

class ServerRuns {
 public:
  void clear() { runs_.clear(), closed_at_ = {}; }
  // A probe that was sent at `asked_at` and answered at `answered_at`. An empty name says nothing.
  void see(std::string_view name, std::uint64_t first_xid, Instant asked_at, Instant answered_at);
  // One that was sent at `asked_at`, and the server said that it accepts nobody: the next run begins later.
  void note_closed(Instant asked_at) { closed_at_ = asked_at; }

  // Who was there from `since` to `until`, in one run: in which? Nothing: no probe tells.
  const ServerRun* of(Instant since, Instant until) const;
  const ServerRun* find(std::string_view name) const;
  bool is_next(const ServerRun& run, const ServerRun& before) const { return &run == &before + 1; }
  // Of the last one; the beginning of time if there was no other.
  Instant last_from_if_several() const { return runs_.size() > 1 ? runs_.back().from : Instant{}; }

 private:
  std::vector<ServerRun> runs_;  // of one primary, in their order
  Instant closed_at_ = {};
};

}  // namespace howdah::failover
