#include "sql_router/offload.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace howdah {

namespace {

constexpr std::size_t kCacheSize = 64 << 20;
constexpr std::size_t kLongestExample = 100;
constexpr std::size_t kMostReasons = 10'000;  // different functions and the like; what comes later counts without them
constexpr std::size_t kShownReasons = 10;

std::string in_one_line(std::string_view sql) {
  std::string line;
  for (const char c : sql.substr(0, kLongestExample * 4)) {
    const bool is_blank = c == ' ' || c == '\n' || c == '\t' || c == '\r';
    if (!is_blank) line.push_back(c);
    else if (!line.empty() && line.back() != ' ') line.push_back(' ');
  }
  if (line.size() <= kLongestExample) return line;
  std::size_t end = kLongestExample;
  while (end > 0 && (static_cast<unsigned char>(line[end]) & 0xC0) == 0x80) --end;  // not in the middle of a character
  return line.substr(0, end) + "...";
}

double share(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

OffloadReport::OffloadReport(std::shared_ptr<const RoutingOptions> options, const ClusterView& view)
    : cache_(std::move(options), kCacheSize), view_(view) {}

void OffloadReport::add(std::string_view session, std::string_view sql) {
  const TraitsPtr traits = cache_.find_or_classify(sql);
  if (traits->is_gateway_command()) return;
  if (traits->transaction != TransactionControl::none && traits->row().route == RouteClass::transaction) {
    ++transaction_commands_;
    return follow_transaction(*traits, session);
  }
  ++statements_;
  const auto open = in_transaction_.find(session);
  const SessionFacts facts = open == in_transaction_.end() ? SessionFacts{} : open->second;
  const Decision decision = decide(*traits, facts, view_, cache_.options(), rng_);
  if (decision.node && decision.node != view_.primary) {
    ++offloaded_;
  } else {
    object(decision, sql);
  }
}

void OffloadReport::follow_transaction(const Traits& traits, std::string_view session) {
  switch (traits.transaction) {
    case TransactionControl::begin: {
      SessionFacts& facts = in_transaction_[std::string(session)];
      facts = {.in_transaction = true};
      facts.transaction_is_read_only = traits.modes.is_read_only.value_or(false);
      facts.transaction_is_serializable = traits.modes.isolation == Isolation::serializable;
      return;
    }
    case TransactionControl::commit:
    case TransactionControl::rollback:
      if (const auto open = in_transaction_.find(session); open != in_transaction_.end()) in_transaction_.erase(open);
      return;
    default: return;
  }
}

void OffloadReport::object(const Decision& decision, std::string_view sql) {
  std::pair<RouteReason, std::string> key{decision.reason, std::string(decision.because)};
  if (objections_.size() >= kMostReasons && !objections_.contains(key)) key.second.clear();
  Objection& objection = objections_[key];
  if (objection.count++ > 0) return;
  objection.reason = key.first;
  objection.because = key.second;
  objection.example = in_one_line(sql);
}

std::vector<Objection> OffloadReport::objections(std::size_t most) const {
  std::vector<Objection> list;
  for (const auto& [key, objection] : objections_) list.push_back(objection);
  std::stable_sort(list.begin(), list.end(), [](const Objection& a, const Objection& b) { return a.count > b.count; });
  if (list.size() > most) list.resize(most);
  return list;
}

std::string OffloadReport::text() const {
  std::string text =
      fmt::format("{} of {} statements ({:.1f} %) would run on a replica; {} commands of transactions not counted\n",
                  offloaded_, statements_, share(offloaded_, statements_), transaction_commands_);
  const auto list = objections(kShownReasons);
  if (list.empty()) return text;
  text += "\nCommonest reasons for the primary:\n";
  for (const Objection& one : list) {
    const ReasonRow& row = row_of(one.reason);
    text += fmt::format("{:>9} {:>5.1f} %  {}{}: {}\n{:>19}e.g. {}\n", one.count, share(one.count, statements_), row.name,
                        one.because.empty() ? "" : fmt::format(" ({})", one.because), row.sentence, "", one.example);
  }
  return text;
}

}  // namespace howdah
