// One seeded run of several gateways with an etcd between them: servers die and hang, gateways are cut off from servers and
// from etcd, and restart. Clients of each gateway write all the while. Whatever happens, no write is acknowledged on a
// server that has been replaced; once all is mended, every gateway writes to the same one.
#pragma once

#include <cstdint>

#include "tests/sim/simulation.hpp"

namespace howdah::sim {

// Bugs that can be planted in the agreement. Each must be caught.
enum class CouncilMutant {
  none,
  no_votes,       // what the others see and do is not read
  no_isolation,   // a gateway that is alone with its primary goes on writing
};

Outcome simulate_several(std::uint64_t seed, CouncilMutant mutant = CouncilMutant::none);

}  // namespace howdah::sim
