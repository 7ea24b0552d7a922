// Averages as PgBouncer makes them: counts and bytes per second, times per transaction, query or assignment, between the
// last two looks at the counters, which are taken every stats_period. Pure.
#pragma once

#include "gateway/stats.hpp"

#include <map>
#include <string>

namespace howdah::pcp {

using TrafficBooks = std::map<std::string, TrafficCounters>;  // by database

void add(TrafficCounters& sum, const TrafficCounters& more);

class TrafficAverage {
 public:
  // The counters as they are at `now`.
  void look(const TrafficBooks& counters, Instant now);
  // Empty until two looks were taken. Times are those of one transaction, query or assignment.
  const TrafficBooks& averages() const { return averages_; }

 private:
  TrafficBooks last_;
  Instant looked_at_ = {};
  bool has_looked_ = false;
  TrafficBooks averages_;
};

}  // namespace howdah::pcp
