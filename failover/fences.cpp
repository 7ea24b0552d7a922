#include "failover/fences.hpp"

#include <algorithm>

#include "failover/statements.hpp"

namespace howdah::failover {

namespace {

constexpr Duration kLookAgain = 1s;
constexpr Duration kFenceRetryDelay = 500ms;
constexpr std::string_view kNoRight = "42501";

auto entry_of(std::vector<ClosedNode>& closed, NodeId node) {
  return std::find_if(closed.begin(), closed.end(), [&](const ClosedNode& entry) { return entry.node == node; });
}

}  // namespace

bool Fences::is_closed(NodeId node) const {
  return std::any_of(closed_.begin(), closed_.end(), [&](const ClosedNode& entry) { return entry.node == node; });
}

void Fences::note_closed(NodeId node, bool is_fenced) {
  if (const auto entry = entry_of(closed_, node); entry != closed_.end()) entry->is_fenced |= is_fenced;
  else closed_.push_back({node, is_fenced, {}});
}

void Fences::note_found(NodeId node, Instant seen_at) {
  const auto opened = opened_at_.find(node);
  if (opened == opened_at_.end() || seen_at > opened->second) note_closed(node, true);
}

void Fences::want(const std::vector<NodeId>& shut, const std::vector<NodeId>& open) {
  const auto contains = [](const std::vector<NodeId>& nodes, NodeId id) {
    return std::find(nodes.begin(), nodes.end(), id) != nodes.end();
  };
  std::erase_if(fences_, [&](const auto& entry) {
    const auto& wanted = entry.second.is_wanted_shut ? shut : open;
    return !entry.second.step && !contains(wanted, entry.first);
  });
  for (const NodeId id : shut) fences_[id].is_wanted_shut = true;
  for (const NodeId id : open)
    if (is_closed(id)) fences_[id].is_wanted_shut = false;
}

void Fences::advance(Duration limit, Instant now, Actions<Action>& out) {
  for (auto& [id, fence] : fences_)
    if (!fence.step && now >= fence.next) send(id, fence, limit, now, out);
}

void Fences::send(NodeId node, Fence& fence, Duration limit, Instant now, Actions<Action>& out) {
  const auto send_step = [&](SqlStep step, Statements statements) {
    fence.sent = step;
    fence.step = desk_.send(node, step, std::move(statements), limit, now, out);
  };
  if (fence.is_wanted_shut && fence.is_shut) return send_step(SqlStep::look_after_fence, sql_look_after_fence());
  if (fence.is_wanted_shut) {
    note_closed(node, true);
    return send_step(SqlStep::fence, sql_fence());
  }
  if (const auto entry = entry_of(closed_, node); entry != closed_.end())
    send_step(SqlStep::reopen, entry->is_fenced ? sql_take_fence_away(entry->synchronous_names) : sql_reopen());
}

bool Fences::on(const SqlDone& done, Instant now) {
  const auto found =
      std::find_if(fences_.begin(), fences_.end(), [&](const auto& entry) { return entry.second.step == done.id; });
  if (found == fences_.end()) return false;
  auto& [node, fence] = *found;
  fence.step.reset();
  if (fence.sent == SqlStep::fence && !done.rows.empty()) keep_names(node, done.rows.front());
  const bool was_never_closed = fence.sent == SqlStep::reopen && done.sqlstate == kNoRight;  // for that takes the same right
  if (done.is_ok || was_never_closed) {
    fence.trouble.clear();
    take_result(node, fence, done, now);
    return true;
  }
  fence.next = now + kFenceRetryDelay;
  if (std::exchange(fence.trouble, done.error) != done.error)
    log_.error("step failed node={} step={} sqlstate={} error=\"{}\"", node.value, to_text(fence.sent), done.sqlstate,
               done.error);
  return true;
}

void Fences::take_result(NodeId node, Fence& fence, const SqlDone& done, Instant now) {
  const auto value = [&](std::size_t row, std::size_t column) {
    return row < done.rows.size() && column < done.rows[row].size() ? done.rows[row][column] : std::string{};
  };
  fence.next = now + kLookAgain;
  switch (fence.sent) {
    case SqlStep::fence:
      fence.is_shut = true;
      log_.warn("false primary fenced node={} disconnected={} hint=\"rebuild it as a standby\"", node.value,
                value(kFenceDisconnected, 0));
      return;
    case SqlStep::look_after_fence:
      fence.is_shut = value(0, 0) == "on" && value(0, 1) == kFencedNames;
      if (fence.is_shut) return;
      log_.warn("fence was taken away node={}", node.value);
      fence.next = now;
      return;
    case SqlStep::reopen:
      closed_.erase(entry_of(closed_, node));
      opened_at_[node] = now;
      log_.info("fence removed node={}", node.value);
      fences_.erase(node);
      return;
    default: return;
  }
}

// What ALTER SYSTEM has set; a value of postgresql.conf comes back by itself.
void Fences::keep_names(NodeId node, const std::vector<std::string>& row) {
  if (row.size() < 2 || row[0] == kFencedNames || row[1] != "1") return;
  if (const auto entry = entry_of(closed_, node); entry != closed_.end()) entry->synchronous_names = row[0];
}

std::optional<Instant> Fences::next_deadline() const {
  std::optional<Instant> next;
  for (const auto& [node, fence] : fences_)
    if (!fence.step && (fence.is_wanted_shut || is_closed(node)) && (!next || fence.next < *next)) next = fence.next;
  return next;
}

}  // namespace howdah::failover
