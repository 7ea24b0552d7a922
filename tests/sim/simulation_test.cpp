#include "tests/sim/simulation.hpp"

#include <catch2/catch.hpp>

#include <fstream>
#include <sstream>

using namespace howdah::sim;

namespace {

constexpr std::uint64_t kSeeds = 300;

std::vector<std::uint64_t> seeds_that_failed() {
  std::ifstream file(std::string(TEST_SOURCE_DIR) + "/sim/seeds.txt");
  REQUIRE(file.is_open());
  std::vector<std::uint64_t> seeds;
  for (std::string line; std::getline(file, line);)
    if (!line.starts_with('#')) seeds.push_back(std::stoull(line));
  return seeds;
}

Outcome play(std::uint64_t seed) {
  Outcome outcome = simulate(seed);
  INFO("again with: ./dev sim --seed " << seed);
  CHECK(outcome.violations == std::vector<std::string>{});
  return outcome;
}

}  // namespace

TEST_CASE("every promise is kept through seeded outages") {
  std::size_t promotions = 0, acknowledged = 0, fates = 0;
  Happened happened;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const Outcome outcome = play(seed);
    promotions += outcome.promotions;
    acknowledged += outcome.acknowledged;
    fates += outcome.fates;
    happened += outcome.happened;
  }
  CHECK(promotions > kSeeds / 4);      // outages that needed one did happen
  CHECK(fates > 0);                    // commits in doubt were looked up
  CHECK(acknowledged > kSeeds * 100);  // and clients were at work
  CHECK(happened.moves > kSeeds);      // server connections went to the worker that needed them
  CHECK(happened.copies > kSeeds);
  CHECK(happened.notes > kSeeds);
}

TEST_CASE("seeds that once failed do not fail again") {
  const std::vector<std::uint64_t> seeds = seeds_that_failed();
  CHECK(seeds.size() > 20);
  for (const std::uint64_t seed : seeds) play(seed);
}

TEST_CASE("the same seed tells the same story twice") {
  for (const std::uint64_t seed : {1u, 7u, 42u}) CHECK(simulate(seed).trace_hash == simulate(seed).trace_hash);
  CHECK(simulate(1).trace_hash != simulate(2).trace_hash);
}
