// sim --seed N: one run, with its trace. sim --seeds K: seeds 1 to K, only what fails. --several: several gateways.
#include <CLI/CLI.hpp>
#include <iostream>

#include "tests/sim/several.hpp"
#include "tests/sim/simulation.hpp"

int main(int argc, char** argv) {
  CLI::App app{"Simulated outages in virtual time"};
  std::uint64_t seed = 0;
  std::uint64_t seeds = 300;
  const auto* one = app.add_option("--seed", seed, "Run this seed and print its trace");
  app.add_option("--seeds", seeds, "Run the seeds from 1 to this");
  bool is_several = false;
  app.add_flag("--several", is_several, "Several gateways with an etcd between them");
  CLI11_PARSE(app, argc, argv);

  bool is_good = true;
  const std::uint64_t first = one->count() > 0 ? seed : 1;
  const std::uint64_t last = one->count() > 0 ? seed : seeds;
  std::size_t promotions = 0;
  for (std::uint64_t current = first; current <= last; ++current) {
    const howdah::sim::Outcome outcome = is_several ? howdah::sim::simulate_several(current) : howdah::sim::simulate(current);
    promotions += outcome.promotions;
    if (one->count() > 0)
      for (const std::string& line : outcome.trace) std::cout << line << '\n';
    for (const std::string& line : outcome.violations) std::cout << "seed " << current << ": " << line << '\n';
    if (!outcome.violations.empty()) std::cout << "again with: ./dev sim --seed " << current << (is_several ? " --several\n" : "\n");
    is_good = is_good && outcome.violations.empty();
  }
  std::cout << (last - first + 1) << " seeds, " << promotions << " promotions: " << (is_good ? "all promises kept" : "FAILED") << '\n';
  return is_good ? 0 : 1;
}
