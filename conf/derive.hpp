// What follows from a parameter that was set for one that was not, so that a file written for Pgpool keeps its meaning:
// the table "mapped" in conf/README.md. Derived values have Origin::derived, so they are never taken for the
// operator's.
#pragma once

#include "conf/settings.hpp"

namespace howdah {

void derive(Settings& settings);

}  // namespace howdah
