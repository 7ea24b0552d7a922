#include "tests/sim/checkers.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace howdah::sim {

void Checkers::on_view(const ClusterView& view) {
  if (view.epoch < newest_epoch_) fail(fmt::format("epoch went back to {}", view.epoch.value));
  newest_epoch_ = std::max(newest_epoch_, view.epoch);
  if (!view.primary) return;
  const auto [entry, is_new] = primary_of_.try_emplace(view.epoch, *view.primary);
  if (!is_new && entry->second != *view.primary)
    fail(fmt::format("epoch {} has two primaries: {} and {}", view.epoch.value, entry->second.value, view.primary->value));
}

void Checkers::on_acknowledged(std::uint64_t write, const std::vector<SimPostgres>& nodes) {
  acknowledged_.insert(write);
  const auto office = primary_of_.find(newest_epoch_);
  if (office == primary_of_.end()) return;  // one of several gateways, which has not declared yet where it writes
  if (!nodes[static_cast<std::size_t>(office->second.value)].has_write(write))
    fail(fmt::format("write {} acknowledged in epoch {}, and its primary {} does not have it", write, newest_epoch_.value,
                     office->second.value));
}

void Checkers::on_committed(std::uint64_t write, const SimPostgres& server) {
  if (!committed_.insert(write).second && server.has_write(write)) fail(fmt::format("write {} made twice on node {}", write, server.id));
}

void Checkers::on_read(std::string_view mark, std::string_view application_name) {
  if (mark.substr(0, mark.find('.')) != application_name)
    fail(fmt::format("read {} runs with the settings of '{}'", mark, application_name));
}

void Checkers::on_freeze(const SimPostgres& standby, const std::vector<SimPostgres>& nodes, bool has_link, Instant now) {
  constexpr Duration kReturnInPassing = 1s;  // a primary that comes back this late is noticed before the promotion
  if (!standby.is_receiving || !has_link || now - standby.receiving_since < kReturnInPassing) return;
  const SimPostgres& sender = nodes[static_cast<std::size_t>(standby.sender)];
  const auto office = primary_of_.find(newest_epoch_);
  const bool is_in_office = office != primary_of_.end() && office->second.value == sender.id;
  if (is_in_office && sender.answers() && sender.is_primary() && now - sender.running_since > kReturnInPassing)
    fail(fmt::format("node {} stopped while it hears primary {}", standby.id, sender.id));
}

void Checkers::on_promotion(const SimPostgres& winner, const std::vector<SimPostgres>& nodes,
                            const std::set<int>& answering) {
  ++promotions_;
  for (const SimPostgres& other : nodes) {
    if (other.id == winner.id || !other.answers() || !other.in_recovery || !answering.contains(other.id)) continue;
    if (other.timeline > winner.timeline || (other.timeline == winner.timeline && other.wal.size() > winner.wal.size()))
      fail(fmt::format("node {} promoted while node {} is ahead: {} > {}", winner.id, other.id, other.wal.size(),
                       winner.wal.size()));
    if (!other.is_receiving) continue;
    const SimPostgres& sender = nodes[static_cast<std::size_t>(other.sender)];
    if (sender.answers() && sender.is_primary())
      fail(fmt::format("node {} promoted while node {} hears primary {}", winner.id, other.id, sender.id));
  }
}

void Checkers::on_promoted(const SimPostgres& winner, const std::vector<SimPostgres>& nodes,
                           const std::set<int>& answering) {
  for (const SimPostgres& other : nodes)
    if (other.id != winner.id && other.in_recovery && other.timeline + 1 == winner.timeline && answering.contains(other.id) &&
        !other.is_prefix_of(winner))
      fail(fmt::format("node {} can never follow node {}: it received more", other.id, winner.id));
}

void Checkers::on_fence(const SimPostgres& node, const std::vector<SimPostgres>& nodes) {
  const auto entry = primary_of_.find(newest_epoch_);
  if (entry == primary_of_.end()) {  // one of several gateways, which has not declared yet that it writes to the new one
    const bool is_behind = std::any_of(nodes.begin(), nodes.end(), [&](const SimPostgres& other) { return other.timeline > node.timeline; });
    if (!is_behind) fail(fmt::format("node {} fenced, and nobody is on a newer timeline", node.id));
    return;
  }
  if (entry->second.value == node.id)
    return fail(fmt::format("node {} fenced in epoch {}, where it is the primary", node.id, newest_epoch_.value));
  const SimPostgres& primary = nodes[static_cast<std::size_t>(entry->second.value)];
  if (node.timeline >= primary.timeline)
    fail(fmt::format("node {} on timeline {} fenced for node {} on timeline {}", node.id, node.timeline, primary.id,
                     primary.timeline));
}

void Checkers::on_calm(const std::vector<SimPostgres>& nodes, const ClusterView& view) {
  if (!view.primary) return;
  const SimPostgres& primary = nodes[static_cast<std::size_t>(view.primary->value)];
  for (const SimPostgres& node : nodes) {
    if (!node.answers() || view.find(NodeId{node.id})->is_detached) continue;
    const bool is_left_behind = node.is_primary() && node.timeline < primary.timeline;
    if (is_left_behind && !node.is_fenced) fail(fmt::format("node {} is a false primary and not fenced", node.id));
    if (!node.is_primary() && node.is_fenced) fail(fmt::format("node {} is a standby and still fenced", node.id));
  }
}

void Checkers::on_asked(std::uint64_t request, Instant deadline) { open_[request] = deadline; }

void Checkers::on_ended(std::uint64_t request, Instant now) {
  const auto entry = open_.find(request);
  if (entry == open_.end()) return fail(fmt::format("request {} ended twice", request));
  if (now > entry->second) fail(fmt::format("request {} ended after its deadline", request));
  open_.erase(entry);
}

void Checkers::on_operator_answered(std::uint64_t request) {
  if (operator_open_.erase(request) == 0) fail(fmt::format("operator's request {} answered twice", request));
}

void Checkers::on_switched(const SimPostgres& old_primary, const SimPostgres& new_primary) {
  for (const std::uint64_t write : acknowledged_)
    if (old_primary.has_write(write) && !new_primary.has_write(write))
      fail(fmt::format("write {} is lost by a planned switchover", write));
}

void Checkers::on_end(bool can_write) {
  for (const auto& [request, deadline] : open_) fail(fmt::format("request {} has no end", request));
  if (!operator_open_.empty()) fail(fmt::format("{} requests of operators have no end", operator_open_.size()));
  if (!can_write) fail("no write is possible although every fault was mended");
}

}  // namespace howdah::sim
