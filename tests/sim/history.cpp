#include "tests/sim/history.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace howdah::sim {

namespace {

const char* to_text(WriteEnd end) {
  switch (end) {
    case WriteEnd::open: return "open";
    case WriteEnd::acknowledged: return "acknowledged";
    case WriteEnd::refused: return "refused";
    case WriteEnd::unknown: return "unknown";
  }
  return "?";
}

const std::vector<std::int64_t>& list_of(const Tables& tables, std::int64_t list) {
  static const std::vector<std::int64_t> kNone;
  const auto found = tables.lists.find(list);
  return found == tables.lists.end() ? kNone : found->second;
}

auto count_in(const std::vector<std::int64_t>& list, std::uint64_t write) {
  return std::count(list.begin(), list.end(), static_cast<std::int64_t>(write));
}

}  // namespace

std::size_t History::acknowledged() const {
  return static_cast<std::size_t>(std::count_if(writes_.begin(), writes_.end(), [](const auto& entry) {
    return entry.second.end == WriteEnd::acknowledged;
  }));
}

std::vector<std::string> History::judge(const Tables& tables, ReadConsistency promised, bool is_lossless) const {
  std::vector<std::string> violations;
  judge_writes(tables, is_lossless, violations);
  for (const Read& read : reads_) judge_read(read, tables, promised, is_lossless, violations);
  return violations;
}

void History::judge_writes(const Tables& tables, bool is_lossless, std::vector<std::string>& out) const {
  for (const auto& [number, write] : writes_) {
    std::vector<long> counts;  // in each place it was made
    for (const std::int64_t list : write.lists) counts.push_back(count_in(list_of(tables, list), number));
    if (write.lists.empty()) {
      const auto row = tables.rows.find(static_cast<std::int64_t>(number));
      counts.push_back(row == tables.rows.end() ? 0 : row->second);
    }
    const auto [least, most] = std::minmax_element(counts.begin(), counts.end());
    const bool is_lost = *least == 0 && write.end == WriteEnd::acknowledged && is_lossless;
    if (is_lost) out.push_back(fmt::format("write {} was acknowledged and is lost", number));
    if (*most > 1) out.push_back(fmt::format("write {} ({}) is there {} times", number, to_text(write.end), *most));
    if (*most > 0 && write.end == WriteEnd::refused) out.push_back(fmt::format("write {} was refused and is there", number));
    if (*least != *most) out.push_back(fmt::format("write {} is there in part", number));
  }
}

void History::judge_read(const Read& read, const Tables& tables, ReadConsistency promised, bool is_lossless,
                         std::vector<std::string>& out) const {
  std::vector<std::int64_t> seen = read.elements;
  if (read.own != 0 && count_in(seen, read.own) != 1)
    out.push_back(fmt::format("a transaction sees its own append {} {} times", read.own, count_in(seen, read.own)));
  if (read.own != 0) std::erase(seen, static_cast<std::int64_t>(read.own));
  std::vector<std::int64_t> sorted = seen;
  std::sort(sorted.begin(), sorted.end());
  if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end())
    out.push_back(fmt::format("list {} was seen with an element twice", read.list));
  std::vector<std::int64_t> final_list = list_of(tables, read.list);
  if (read.own != 0) std::erase(final_list, static_cast<std::int64_t>(read.own));
  const bool is_prefix = seen.size() <= final_list.size() && std::equal(seen.begin(), seen.end(), final_list.begin());
  if (is_lossless && !is_prefix)
    out.push_back(fmt::format("list {} was seen at {} as it never was", read.list, read.began.time_since_epoch().count()));
  if (promised == ReadConsistency::eventual) return;
  for (const std::int64_t element : final_list) {
    const auto found = writes_.find(static_cast<std::uint64_t>(element));
    if (found == writes_.end() || found->second.end != WriteEnd::acknowledged) continue;
    const bool is_promised = promised == ReadConsistency::global || found->second.session == read.session;
    if (is_promised && found->second.ended_at < read.began && count_in(seen, found->first) == 0)
      out.push_back(fmt::format("stale: list {} was read without {}, which was acknowledged before", read.list, element));
  }
}

}  // namespace howdah::sim
