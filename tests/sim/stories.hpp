// Outages with a plot. Each brings about, in nearly every seed, the moment at which certain bugs show: with one of them planted
// a promise is broken, without it every promise is kept. Seeded trouble (trouble.hpp) meets such moments by chance only.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "tests/sim/simulation.hpp"
#include "tests/sim/workload.hpp"

namespace howdah::sim {

struct Story {
  std::string_view name;
  std::string_view plot;
  void (*prepare)(WorldOptions& world, WorkloadOptions& work);
  void (*happen)(World& world);  // when the clients are at work
};

std::span<const Story> stories();
const Story* find_story(std::string_view name);
Outcome tell(const Story& story, std::uint64_t seed, Mutant mutant = Mutant::none);

}  // namespace howdah::sim
