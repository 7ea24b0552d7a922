// Which run of the primary's server a transaction belongs to: from a start, or a crash that it recovers from, to the next. Ids of
// transactions that were lost in a crash are handed out again in the next run, so what pg_xact_status says of one depends on that.
// The probes tell the runs (health/events.hpp), but not one that began and ended between two of them. Of two runs nothing was
// between if there was no time for it (is_next). Pure; part of CommitFates.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/instant.hpp"
#include "health/events.hpp"

namespace howdah::failover {

struct ServerRun {
  std::string name;             // as the server tells it
  std::uint64_t first_xid = 0;  // that it hands out; 0: not known
  Instant from = {};            // it was under way from here, when it had answered first;
  Instant to = {};              // who came before this came in this run, or in one before
  Instant seen_at = {};         // when it was asked last, and answered
  std::optional<Instant> began = {};  // not later than this; nothing: not known
  Duration took = {};                 // from then on, until it accepted connections
};

class ServerRuns {
 public:
  void clear() { *this = {}; }
  // A probe that was sent at `asked_at` and answered at `answered_at`. Without the name of a run it says nothing.
  void see(const health::ProbeResult& result, Instant asked_at, Instant answered_at);
  // One that was sent at `asked_at` failed, as was known at `answered_at`, and the server said that it accepts nobody: the next
  // run, if that was not of the last one, begins later.
  void note_closed(health::FailureKind kind, Instant asked_at, Instant answered_at);

  // Who was there from `since` to `until`, in one run: in which? Nothing: no probe tells.
  const ServerRun* of(Instant since, Instant until) const;
  const ServerRun* find(std::string_view name) const;
  // `run` came behind `before`, in which a client was still answered after `asked_at`, and no other was between.
  bool is_next(const ServerRun& run, const ServerRun& before, Instant asked_at) const;
  // Who came before this may have been in a run that is not the last one. The beginning of time if there was no other.
  Instant last_from_if_several() const { return restarted_at_ > Instant{} ? restarted_at_ : runs_.size() > 1 ? runs_.back().from : Instant{}; }

 private:
  // The server ended, or was not there.
  struct Absence {
    Instant asked_at;
    Instant answered_at;
  };
  Duration longest_unwatched(Instant seen_at, Instant until) const;

  std::vector<ServerRun> runs_;      // of one primary, in their order
  std::vector<Absence> absences_;    // in their order, at most kMostAbsences
  Instant closed_at_ = {};
  Instant restarted_at_ = {};        // since the last one was seen it said that it restarts
};

}  // namespace howdah::failover
