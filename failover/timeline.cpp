#include "failover/timeline.hpp"

namespace howdah::failover {

namespace {

constexpr std::size_t kMostRecords = 20;
constexpr std::size_t kMostSteps = 200;  // a failover that is held for hours repeats itself

}  // namespace

void Timeline::begin(std::optional<NodeId> primary, Instant now) {
  if (is_open_) return;
  is_open_ = true;
  ++version_;
  began_at_ = now;
  records_.push_back({.number = ++last_number_, .old_primary = primary});
  if (records_.size() > kMostRecords) records_.pop_front();
}

void Timeline::note(std::string_view step, std::string_view detail, Instant now) {
  if (!is_open_ || records_.back().steps.size() >= kMostSteps) return;
  ++version_;
  records_.back().steps.push_back({wall_ + std::chrono::duration_cast<seconds>(now - wall_at_), now - began_at_,
                                   std::string(step), std::string(detail)});
}

void Timeline::note_primary(NodeId node) {
  if (!is_open_ || records_.back().old_primary == node) return;
  ++version_;
  records_.back().new_primary = node;
}

void Timeline::end(bool is_worth_keeping) {
  if (!is_open_) return;
  is_open_ = false;
  ++version_;
  if (is_worth_keeping) return;
  records_.pop_back();
  --last_number_;
}

}  // namespace howdah::failover
