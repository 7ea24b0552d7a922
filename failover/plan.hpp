// A failover or switchover as a value that can be printed: who was primary, who shall be, what is known of the
// candidates, and why. Built by the election, carried out by the coordinator, logged when it is made.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "base/lsn.hpp"

namespace howdah::failover {

struct Candidate {
  NodeId node;
  TimelineId timeline = {};
  Lsn position = {};  // greatest(received, replayed)
  bool is_eligible = true;
  std::string objection = {};  // why it is not, for people
};

struct Plan {
  Epoch epoch = {};  // the one that begins when the plan is done
  std::optional<NodeId> old_primary = {};
  NodeId new_primary = {};
  TimelineId old_timeline = {};
  Lsn highest_known = {};  // the old primary's last flush position anyone told Howdah
  std::vector<Candidate> candidates = {};
  std::string reason = {};
  bool is_switchover = false;

  // Bytes of WAL the old primary is known to have flushed that the new one does not have.
  std::uint64_t known_loss_bytes() const;
};

std::string to_text(const Plan& plan);

}  // namespace howdah::failover
