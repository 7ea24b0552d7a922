#include "tests/sim/several.hpp"

#include <catch2/catch.hpp>

using namespace howdah::sim;

namespace {

// The first seed that catches the bug; 0 if none of them does.
std::uint64_t caught_by(CouncilMutant mutant, std::uint64_t seeds) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed)
    if (!simulate_several(seed, mutant).violations.empty()) return seed;
  return 0;
}

}  // namespace

TEST_CASE("several gateways never write to two primaries, whatever is cut") {
  std::size_t promotions = 0, acknowledged = 0;
  for (std::uint64_t seed = 1; seed <= 16; ++seed) {
    const Outcome outcome = simulate_several(seed);
    INFO("seed " << seed << (outcome.violations.empty() ? "" : ": " + outcome.violations.front()));
    CHECK(outcome.violations.empty());
    promotions += outcome.promotions;
    acknowledged += outcome.acknowledged;
  }
  CHECK(promotions > 5);
  CHECK(acknowledged > 5'000);
}

// Each had a gateway that had lost etcd write on while another one switched over: its clients were told 25006.
TEST_CASE("seeds of several gateways that once failed do not fail again") {
  for (const std::uint64_t seed : {126u, 805u, 1283u}) {
    INFO("again with: ./dev sim --several --seed " << seed);
    CHECK(simulate_several(seed).violations == std::vector<std::string>{});
  }
}

TEST_CASE("bugs planted in the agreement of gateways are found") {
  CHECK(caught_by(CouncilMutant::no_votes, 60) > 0);
  CHECK(caught_by(CouncilMutant::no_isolation, 60) > 0);
}

TEST_CASE("the same seed of several gateways gives the same run") {
  CHECK(simulate_several(5).trace_hash == simulate_several(5).trace_hash);
}
