// What a newly read configuration changes in the running one. Pure: the caller publishes `settings` and logs the rest.
//
// A changed parameter is taken, unless it needs a restart: then the running value stays, and it is said. One that is no
// longer set goes back to its default, and it is said. A bad value keeps the running one. If a line is not understood
// or the outcome contradicts itself, nothing is taken at all.
#pragma once

#include "conf/load.hpp"

#include <string>
#include <vector>

namespace howdah {

struct AppliedChange {
  std::string name;
  std::string before;  // as shown: secrets are hidden
  std::string after;
};

struct Reloaded {
  Settings settings;  // what should run now
  std::vector<AppliedChange> applied;
  Findings findings;
  bool is_refused = false;  // nothing was taken; `settings` are the running ones
};

Reloaded reload_settings(const Settings& running, const Loaded& fresh);

}  // namespace howdah
