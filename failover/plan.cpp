#include "failover/plan.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace howdah::failover {

std::uint64_t Plan::known_loss_bytes() const {
  const auto winner = std::find_if(candidates.begin(), candidates.end(),
                                   [&](const Candidate& candidate) { return candidate.node == new_primary; });
  return winner == candidates.end() ? 0 : lag_bytes(highest_known, winner->position);
}

std::string to_text(const Plan& plan) {
  std::string text = fmt::format("epoch={} old={} new={} timeline={} known_loss_bytes={} reason=\"{}\" candidates=[",
                                 plan.epoch.value, plan.old_primary ? plan.old_primary->value : -1,
                                 plan.new_primary.value, plan.old_timeline.value, plan.known_loss_bytes(), plan.reason);
  const char* separator = "";
  for (const Candidate& candidate : plan.candidates) {
    text += fmt::format("{}{}@{}/{}{}", separator, candidate.node.value, candidate.timeline.value,
                        to_text(candidate.position), candidate.is_eligible ? "" : " no: " + candidate.objection);
    separator = ", ";
  }
  return text + "]";
}

}  // namespace howdah::failover
