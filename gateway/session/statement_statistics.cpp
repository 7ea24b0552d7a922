#include "gateway/session/statement_statistics.hpp"

#include <algorithm>
#include <optional>

#include "sql_router/statement_shape.hpp"

namespace howdah {

namespace {

constexpr std::size_t kLongestText = 1024;
constexpr std::size_t kAliasesPerEntry = 4;  // texts with traits of their own that share a fingerprint
constexpr std::size_t kMostNames = 64;       // traits that hold more are large: they are not kept alive here

// Where the first string begins that could not be taken out: what it says is nobody's business.
std::size_t first_string(std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\'') return at;
    if (text[at] == '$' && at + 1 < text.size() && (text[at + 1] < '0' || text[at + 1] > '9')) return at;
  }
  return text.size();
}

bool is_small(const Traits& traits) {
  return traits.relations.size() + traits.statement_names.size() + traits.steps.size() <= kMostNames;
}

}  // namespace

std::string fingerprint_of(std::string_view sql, std::string& buffer) {
  const auto shape = sql.size() <= kMaxShapedText ? shape_of(sql, buffer) : std::nullopt;
  const std::string_view shown = (shape ? *shape : sql.substr(0, first_string(sql))).substr(0, kLongestText);
  std::string text;
  for (const char c : shown) {
    const auto byte = static_cast<unsigned char>(c);
    const bool is_blank = c == '\n' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
    text.push_back(is_blank ? ' ' : byte < ' ' ? '?' : c);
  }
  while (text.ends_with(' ') || text.ends_with(';')) text.pop_back();
  if (!shape && shown.size() < sql.size()) text += "...";
  return text;
}

void StatementStatistics::set_capacity(std::size_t capacity) {
  if (capacity == capacity_) return;
  capacity_ = capacity;
  clear();
  entries_.clear();
  entries_.shrink_to_fit();
  order_.clear();
}

// Entries stay in place with a new generation, so that handles of statements under way count nothing.
void StatementStatistics::clear() {
  for (Entry& entry : entries_) {
    entry.generation = next_generation_++;
    entry.text.clear();
    entry.stats = {};
  }
  by_text_.clear();
  by_traits_.clear();
}

StatementStatistics::Handle StatementStatistics::find(const TraitsPtr& traits, std::string_view sql) {
  if (capacity_ == 0) return 0;
  if (const auto known = by_traits_.find(traits.get()); known != by_traits_.end()) {
    const Known& found = known->second;
    if (entries_[found.index].generation == found.generation) return touch(found.index);
    by_traits_.erase(known);
  }
  const std::uint32_t index = entry_of(sql);
  if (!is_small(*traits)) return touch(index);
  if (by_traits_.size() >= capacity_ * kAliasesPerEntry) by_traits_.clear();
  by_traits_.emplace(traits.get(), Known{traits, index, entries_[index].generation});
  return touch(index);
}

StatementStatistics::Handle StatementStatistics::touch(std::uint32_t index) {
  Entry& entry = entries_[index];
  order_.splice(order_.begin(), order_, entry.place);
  return Handle{entry.generation} << 32 | index;
}

std::uint32_t StatementStatistics::entry_of(std::string_view sql) {
  std::string text = fingerprint_of(sql, shape_buffer_);
  if (const auto found = by_text_.find(text); found != by_text_.end()) return found->second;
  std::uint32_t index = 0;
  if (entries_.size() < capacity_) {
    index = static_cast<std::uint32_t>(entries_.size());
    entries_.emplace_back();
    order_.push_front(index);
    entries_[index].place = order_.begin();
    entries_[index].generation = next_generation_++;
  } else {
    index = order_.back();
    by_text_.erase(entries_[index].text);
    entries_[index].generation = next_generation_++;
    entries_[index].stats = {};
  }
  entries_[index].text = text;
  by_text_.emplace(std::move(text), index);
  return index;
}

void StatementStatistics::count(Handle handle, const Answer& answer) {
  const auto index = static_cast<std::uint32_t>(handle);
  if (handle == 0 || index >= entries_.size() || entries_[index].generation != handle >> 32) return;
  StatementStats& stats = entries_[index].stats;
  ++stats.calls;
  stats.rows += answer.rows;
  stats.errors += answer.has_failed ? 1 : 0;
  const auto time = std::chrono::duration_cast<microseconds>(answer.time);
  stats.total += time;
  ++stats.times[time_bucket(time)];
  stats.reason = row_of(answer.reason).name;
  stats.pin_reason = answer.pin ? to_text(*answer.pin) : std::string_view{};
  for (NodeCalls& node : stats.nodes)
    if (node.node == answer.node) return static_cast<void>(++node.calls);
  stats.nodes.push_back({answer.node, 1});
}

std::vector<StatementStats> StatementStatistics::report() const {
  std::vector<StatementStats> list;
  for (const Entry& entry : entries_) {
    if (entry.stats.calls == 0) continue;
    list.push_back(entry.stats);
    list.back().text = entry.text;
  }
  return list;
}

}  // namespace howdah
