#include "failover/server_runs.hpp"

#include <algorithm>

namespace howdah::failover {

namespace {

constexpr std::size_t kMostRuns = 16;  // nobody waits for longer than that

}  // namespace

void ServerRuns::see(std::string_view name, std::uint64_t first_xid, Instant asked_at, Instant answered_at) {
  if (name.empty()) return;
  if (runs_.empty() || runs_.back().name != name) {
    if (find(name) != nullptr) return;  // an older answer, over a slower connection
    if (!runs_.empty()) runs_.back().to = std::max(runs_.back().to, closed_at_);
    if (runs_.size() == kMostRuns) runs_.erase(runs_.begin());
    runs_.push_back({.name = std::string(name), .from = answered_at, .to = asked_at});
  }
  ServerRun& run = runs_.back();
  if (run.first_xid == 0) run.first_xid = first_xid;
  run.to = std::max(run.to, asked_at);
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

}  // namespace howdah::failover
