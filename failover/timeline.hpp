// What the last failovers and switchovers did and when, for operators: SHOW POOL_FAILOVERS. A record begins when the primary
// is doubted or a switchover is ordered, and is kept if more came of it than a doubt.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.hpp"
#include "base/instant.hpp"

namespace howdah::failover {

struct FailoverStep {
  WallTime at = {};
  Duration elapsed = {};  // since the record's first step
  std::string step = {};  // a phase (failover/phase.hpp), a step of a switchover, `plan`, `chosen` (and why) or `adopted`
  std::string detail = {};
};

struct FailoverRecord {
  std::uint64_t number = 0;
  std::optional<NodeId> old_primary = {};
  std::optional<NodeId> new_primary = {};  // none: the old one stayed
  std::vector<FailoverStep> steps = {};
};

class Timeline {
 public:
  void set_wall_clock(WallTime wall, Instant now) { wall_ = wall, wall_at_ = now; }

  // Does nothing while one is open.
  void begin(std::optional<NodeId> primary, Instant now);
  void note(std::string_view step, std::string_view detail, Instant now);
  void note_primary(NodeId node);
  // The end; what was only a doubt is dropped.
  void end(bool is_worth_keeping);

  // Oldest first; the one that is open, too.
  const std::deque<FailoverRecord>& records() const { return records_; }
  std::uint64_t version() const { return version_; }  // grows with every change

 private:
  std::deque<FailoverRecord> records_;
  std::uint64_t last_number_ = 0;
  std::uint64_t version_ = 0;
  bool is_open_ = false;
  Instant began_at_{};
  WallTime wall_{};
  Instant wall_at_{};
};

}  // namespace howdah::failover
