#include "pcp/failover_rows.hpp"

#include "pcp/date_text.hpp"

#include <fmt/format.h>

#include <array>

namespace howdah::pcp {

namespace {

std::string node_text(std::optional<NodeId> node) { return node ? fmt::to_string(node->value) : std::string{}; }

constexpr std::array kColumns{
    Column<FailoverRow>{"failover", [](const FailoverRow& r) { return fmt::to_string(r.record->number); }},
    Column<FailoverRow>{"old_primary", [](const FailoverRow& r) { return node_text(r.record->old_primary); }},
    Column<FailoverRow>{"new_primary", [](const FailoverRow& r) { return node_text(r.record->new_primary); }},
    Column<FailoverRow>{"time", [](const FailoverRow& r) { return to_date_text(r.step->at); }},
    Column<FailoverRow>{"elapsed_ms",
                        [](const FailoverRow& r) {
                          return fmt::format("{:.1f}", std::chrono::duration<double, std::milli>(r.step->elapsed).count());
                        }},
    Column<FailoverRow>{"step", [](const FailoverRow& r) { return r.step->step; }},
    Column<FailoverRow>{"detail", [](const FailoverRow& r) { return r.step->detail; }},
};

}  // namespace

std::vector<FailoverRow> failover_rows(const std::vector<failover::FailoverRecord>& records) {
  std::vector<FailoverRow> rows;
  for (const failover::FailoverRecord& record : records)
    for (const failover::FailoverStep& step : record.steps) rows.push_back({&record, &step});
  return rows;
}

std::span<const Column<FailoverRow>> failover_columns() { return kColumns; }

}  // namespace howdah::pcp
