#include "tests/sim/simulation.hpp"

#include <catch2/catch.hpp>

using namespace howdah::sim;

TEST_CASE("every promise is kept through seeded outages") {
  constexpr std::uint64_t kSeeds = 300;
  std::size_t promotions = 0, acknowledged = 0, fates = 0;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const Outcome outcome = simulate(seed);
    INFO("again with: ./dev sim --seed " << seed);
    CHECK(outcome.violations == std::vector<std::string>{});
    promotions += outcome.promotions;
    acknowledged += outcome.acknowledged;
    fates += outcome.fates;
  }
  CHECK(promotions > kSeeds / 4);      // outages that needed one did happen
  CHECK(fates > 0);                    // commits in doubt were looked up
  CHECK(acknowledged > kSeeds * 100);  // and clients were at work
}

TEST_CASE("the same seed tells the same story twice") {
  for (const std::uint64_t seed : {1u, 7u, 42u}) CHECK(simulate(seed).trace_hash == simulate(seed).trace_hash);
  CHECK(simulate(1).trace_hash != simulate(2).trace_hash);
}
