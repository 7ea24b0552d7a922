// How much each database's clients have done through one worker: the numbers behind the console's SHOW STATS. Plain
// numbers, because only the worker's thread touches them: a report asks the worker. A session keeps the reference to its
// database's counters, so that counting is an addition.
#pragma once

#include <map>
#include <string>

#include "gateway/stats.hpp"

namespace howdah {

class TrafficBook {
 public:
  // Never moves. Databases are as many as clients have asked for and servers have let in.
  TrafficCounters& of(const std::string& database) { return databases_[database]; }
  const std::map<std::string, TrafficCounters>& databases() const { return databases_; }

 private:
  std::map<std::string, TrafficCounters> databases_;
};

}  // namespace howdah
