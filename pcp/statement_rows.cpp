#include "pcp/statement_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <string>

namespace howdah::pcp {

namespace {

double to_ms(microseconds time) { return static_cast<double>(time.count()) / 1000; }

std::string nodes_text(const StatementStats& statement) {
  std::string text;
  for (const NodeCalls& node : statement.nodes)
    text += fmt::format("{}{}:{}", text.empty() ? "" : " ", node.node.value, node.calls);
  return text;
}

void add(StatementStats& sum, const StatementStats& more) {
  sum.calls += more.calls;
  sum.rows += more.rows;
  sum.errors += more.errors;
  sum.total += more.total;
  for (std::size_t i = 0; i < sum.times.size(); ++i) sum.times[i] += more.times[i];
  for (const NodeCalls& node : more.nodes) {
    const auto same = std::find_if(sum.nodes.begin(), sum.nodes.end(), [&](const NodeCalls& n) { return n.node == node.node; });
    if (same == sum.nodes.end()) sum.nodes.push_back(node);
    else same->calls += node.calls;
  }
  if (sum.pin_reason.empty()) sum.pin_reason = more.pin_reason;
}

constexpr std::array kStatementColumns{
    Column<StatementStats>{"statement", [](const StatementStats& s) { return s.text; }},
    Column<StatementStats>{"calls", [](const StatementStats& s) { return fmt::to_string(s.calls); }},
    Column<StatementStats>{"rows", [](const StatementStats& s) { return fmt::to_string(s.rows); }},
    Column<StatementStats>{"errors", [](const StatementStats& s) { return fmt::to_string(s.errors); }},
    Column<StatementStats>{"total_ms", [](const StatementStats& s) { return fmt::format("{:.3f}", to_ms(s.total)); }},
    Column<StatementStats>{"mean_ms",
                           [](const StatementStats& s) {
                             return fmt::format("{:.3f}", s.calls == 0 ? 0 : to_ms(s.total) / static_cast<double>(s.calls));
                           }},
    Column<StatementStats>{"p99_ms", [](const StatementStats& s) { return fmt::format("{:.3f}", percentile_ms(s, 99)); }},
    Column<StatementStats>{"nodes", &nodes_text},
    Column<StatementStats>{"reason", [](const StatementStats& s) { return std::string(s.reason); }},
    Column<StatementStats>{"pin_reason", [](const StatementStats& s) { return std::string(s.pin_reason); }},
};

constexpr std::array kReasonColumns{
    Column<ReasonCount>{"reason", [](const ReasonCount& r) { return std::string(r.name); }},
    Column<ReasonCount>{"statements", [](const ReasonCount& r) { return fmt::to_string(r.count); }},
    Column<ReasonCount>{"meaning", [](const ReasonCount& r) { return std::string(r.sentence); }},
};

}  // namespace

std::vector<StatementStats> statement_rows(const GatewayStats& stats) {
  std::map<std::string, StatementStats> by_text;
  for (const WorkerStats& worker : stats.workers)
    for (const StatementStats& statement : worker.statements) {
      const auto [place, is_new] = by_text.try_emplace(statement.text, statement);
      if (!is_new) add(place->second, statement);
    }
  std::vector<StatementStats> rows;
  for (auto& [text, statement] : by_text) rows.push_back(std::move(statement));
  for (StatementStats& row : rows)
    std::sort(row.nodes.begin(), row.nodes.end(), [](const NodeCalls& a, const NodeCalls& b) { return a.node < b.node; });
  std::stable_sort(rows.begin(), rows.end(),
                   [](const StatementStats& a, const StatementStats& b) { return a.total > b.total; });
  return rows;
}

double percentile_ms(const StatementStats& statement, double percent) {
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < statement.times.size(); ++i) {
    below += statement.times[i];
    if (static_cast<double>(below) * 100 >= percent * static_cast<double>(statement.calls)) return to_ms(bucket_end(i));
  }
  return 0;
}

std::vector<ReasonCount> reason_rows(const GatewayStats& stats) {
  std::vector<ReasonCount> rows;
  for (const WorkerStats& worker : stats.workers)
    for (const ReasonCount& reason : worker.reasons) {
      const auto same = std::find_if(rows.begin(), rows.end(), [&](const ReasonCount& r) { return r.name == reason.name; });
      if (same == rows.end()) rows.push_back(reason);
      else same->count += reason.count;
    }
  std::erase_if(rows, [](const ReasonCount& row) { return row.count == 0; });
  std::stable_sort(rows.begin(), rows.end(), [](const ReasonCount& a, const ReasonCount& b) { return a.count > b.count; });
  return rows;
}

std::span<const Column<StatementStats>> statement_columns() { return kStatementColumns; }
std::span<const Column<ReasonCount>> reason_columns() { return kReasonColumns; }

}  // namespace howdah::pcp
