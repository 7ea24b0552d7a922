// One seeded run: which faults exist at all is drawn first, then when they strike; clients read and write all the
// while. At the end every fault is mended, and what was promised is checked.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/sim/world.hpp"

namespace howdah::sim {

struct Outcome {
  std::vector<std::string> violations;
  std::vector<std::string> trace;
  std::uint64_t trace_hash = 0;
  std::size_t promotions = 0;
  std::size_t acknowledged = 0;
  std::size_t fates = 0;
  Happened happened = {};
};

// detection_profile = fast.
void set_fast_profile(WorldOptions& options);

class Workload;
// Everything is mended, by and by; the clients end what they have begun; what was promised is looked at.
Outcome conclude(World& world, Workload& load, Duration repair);

Outcome simulate(std::uint64_t seed, Mutant mutant = Mutant::none);

}  // namespace howdah::sim
