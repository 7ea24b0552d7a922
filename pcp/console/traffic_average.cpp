#include "pcp/console/traffic_average.hpp"

#include <array>
#include <utility>

namespace howdah::pcp {

namespace {

using CounterMember = std::uint64_t TrafficCounters::*;
using Time = Duration TrafficCounters::*;

constexpr std::array<CounterMember, 8> kAveragedCounters{
    &TrafficCounters::transactions, &TrafficCounters::queries,       &TrafficCounters::received,
    &TrafficCounters::sent,         &TrafficCounters::assignments,   &TrafficCounters::client_parses,
    &TrafficCounters::server_parses, &TrafficCounters::binds,
};

struct TimeRow {
  Time time;
  CounterMember per;  // its average is for one of these
};
constexpr std::array<TimeRow, 3> kTimes{{{&TrafficCounters::transaction_time, &TrafficCounters::transactions},
                                         {&TrafficCounters::query_time, &TrafficCounters::queries},
                                         {&TrafficCounters::wait_time, &TrafficCounters::assignments}}};

TrafficCounters average(const TrafficCounters& before, const TrafficCounters& after, Duration span) {
  TrafficCounters out;
  const double in_seconds = std::chrono::duration<double>(span).count();
  for (const CounterMember counter : kAveragedCounters)
    out.*counter = static_cast<std::uint64_t>(static_cast<double>(after.*counter - before.*counter) / in_seconds);
  for (const TimeRow& row : kTimes) {
    const std::uint64_t count = after.*row.per - before.*row.per;
    if (count > 0) out.*row.time = (after.*row.time - before.*row.time) / static_cast<Duration::rep>(count);
  }
  return out;
}

}  // namespace

void add(TrafficCounters& sum, const TrafficCounters& more) {
  for (const CounterMember counter : kAveragedCounters) sum.*counter += more.*counter;
  for (const TimeRow& row : kTimes) sum.*row.time += more.*row.time;
}

void TrafficAverage::look(const TrafficBooks& counters, Instant now) {
  const bool has_before = std::exchange(has_looked_, true);
  const Duration span = now - looked_at_;
  if (has_before && span <= Duration{}) return;
  averages_.clear();
  if (has_before)
    for (const auto& [database, after] : counters) averages_[database] = average(last_[database], after, span);
  last_ = counters;
  looked_at_ = now;
}

}  // namespace howdah::pcp
