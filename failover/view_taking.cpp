#include "failover/view_taking.hpp"

#include <algorithm>

namespace howdah::failover {

namespace {

constexpr Duration kTakingLimit = 200ms;  // a turn of a worker's loop takes a few milliseconds, also where the CPUs are busy

bool is_alike(const ClusterView& one, const ClusterView& other) {
  return one.primary == other.primary && one.is_switching == other.is_switching &&
         std::equal(one.nodes.begin(), one.nodes.end(), other.nodes.begin(), other.nodes.end(),
                    [](const NodeView& a, const NodeView& b) { return a.is_usable() == b.is_usable(); });
}

}  // namespace

void ViewTaking::note_published(const ClusterView& before, const ClusterView& view, Instant now) {
  if (is_alike(before, view)) return;
  needed_ = view.version;
  needed_since_ = now;
}

void ViewTaking::on(const ViewTaken& event) {
  taken_ = std::max(taken_, event.version);
  if (event.is_quiet) quiet_ = std::max(quiet_, event.version);
}

bool ViewTaking::is_taken(Instant now) {
  if (taken_ >= needed_) return true;
  if (now < deadline()) return false;
  log_.warn("workers have not taken a view in time version={} taken={}", needed_, taken_);
  taken_ = needed_;
  return true;
}

Instant ViewTaking::deadline() const { return needed_since_ + kTakingLimit; }

}  // namespace howdah::failover
