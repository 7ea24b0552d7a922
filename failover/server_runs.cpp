#include "failover/server_runs.hpp"

#include <algorithm>

namespace howdah::failover {

namespace {

using health::FailureKind;

constexpr std::size_t kMostRuns = 16;  // nobody waits for longer than that
constexpr std::size_t kMostAbsences = 2000;
// A server that somebody starts, that recovers, lets a client in which writes, and ends again, needs more than this.
constexpr Duration kShortestLife = 1s;

// The time of its start: a crash that the postmaster survives leaves it.
std::string_view postmaster_of(std::string_view run) { return run.substr(0, run.find(' ')); }

}  // namespace

void ServerRuns::see(const health::ProbeResult& result, Instant asked_at, Instant answered_at) {
  if (result.run.empty()) return;
  if (runs_.empty() || runs_.back().name != result.run) {
    if (find(result.run) != nullptr) return;  // an older answer, over a slower connection
    if (!runs_.empty()) runs_.back().to = std::max(runs_.back().to, closed_at_);
    if (runs_.size() == kMostRuns) runs_.erase(runs_.begin());
    runs_.push_back({.name = result.run, .from = answered_at, .to = asked_at});
  }
  ServerRun& run = runs_.back();
  if (run.first_xid == 0) run.first_xid = result.first_xid;
  if (!run.began && result.run_beginning) {
    run.began = answered_at - result.run_beginning->age;
    run.took = result.run_beginning->took;
  }
  run.to = std::max(run.to, asked_at);
  run.seen_at = std::max(run.seen_at, asked_at);
  if (asked_at > restarted_at_) restarted_at_ = {};
}

void ServerRuns::note_closed(FailureKind kind, Instant asked_at, Instant answered_at) {
  closed_at_ = asked_at;
  if (kind == FailureKind::starting_up || kind == FailureKind::crash_restart) restarted_at_ = answered_at;
  if (kind != FailureKind::refused && kind != FailureKind::shutting_down) return;  // which run's beginning that is nobody knows
  if (!absences_.empty() && absences_.back().asked_at >= asked_at) return;
  if (absences_.size() == kMostAbsences) absences_.erase(absences_.begin());
  absences_.push_back({asked_at, answered_at});
}

const ServerRun* ServerRuns::of(Instant since, Instant until) const {
  const auto found = std::find_if(runs_.begin(), runs_.end(),
                                  [&](const ServerRun& run) { return since <= run.to && run.from <= until; });
  return found == runs_.end() ? nullptr : &*found;
}

const ServerRun* ServerRuns::find(std::string_view name) const {
  const auto found = std::find_if(runs_.begin(), runs_.end(), [&](const ServerRun& run) { return run.name == name; });
  return found == runs_.end() ? nullptr : &*found;
}

// A run between them would have followed a crash, and its recovery would have taken as long as that of this one, or longer, for
// it had more to replay and the same files to flush. A crash that leaves the postmaster alive leads to nothing else.
bool ServerRuns::is_next(const ServerRun& run, const ServerRun& before, Instant asked_at) const {
  if (&run != &before + 1 || !run.began) return false;
  const bool is_crash = postmaster_of(run.name) == postmaster_of(before.name);
  const Duration unwatched = longest_unwatched(std::max(asked_at, before.seen_at), *run.began);
  return unwatched < (is_crash ? run.took : std::max(run.took, kShortestLife));
}

// Of the time from `seen_at`, when the one run was there, to `until`, when the other one began: how long nobody knows that there
// was no server.
Duration ServerRuns::longest_unwatched(Instant seen_at, Instant until) const {
  Duration longest{};
  for (const Absence& absence : absences_) {
    if (absence.asked_at <= seen_at || absence.answered_at >= until) continue;
    longest = std::max(longest, absence.answered_at - seen_at);
    seen_at = absence.asked_at;
  }
  return std::max(longest, until - seen_at);
}

}  // namespace howdah::failover
