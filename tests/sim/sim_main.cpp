// sim --seed N: one run, with its trace. sim --seeds K: seeds 1 to K, only what fails, on every core; --nightly: many.
// --several: several gateways.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <iostream>
#include <mutex>
#include <thread>

#include "tests/sim/several.hpp"
#include "tests/sim/simulation.hpp"

using howdah::sim::Mutant;
using howdah::sim::Outcome;
using howdah::sim::simulate;

namespace {

using Run = std::function<Outcome(std::uint64_t seed)>;

void tell_violations(std::uint64_t seed, const Outcome& outcome, const char* again) {
  for (const std::string& line : outcome.violations) std::cout << "seed " << seed << ": " << line << '\n';
  if (!outcome.violations.empty()) std::cout << "again with: ./dev sim --seed " << seed << again << std::endl;
}

int run_one(std::uint64_t seed, const Run& run, const char* again) {
  const Outcome outcome = run(seed);
  for (const std::string& line : outcome.trace) std::cout << line << '\n';
  tell_violations(seed, outcome, again);
  return outcome.violations.empty() ? 0 : 1;
}

// Runs share nothing, so each thread takes the next seed.
int run_all(std::uint64_t seeds, const Run& run, const char* again) {
  std::atomic<std::uint64_t> next = 1;
  std::mutex mutex;  // guards the output and the sums
  std::size_t promotions = 0, acknowledged = 0, fates = 0, failed = 0;
  const auto began = std::chrono::steady_clock::now();
  const auto work = [&] {
    for (std::uint64_t seed = next++; seed <= seeds; seed = next++) {
      const Outcome outcome = run(seed);
      const std::lock_guard lock(mutex);
      promotions += outcome.promotions;
      acknowledged += outcome.acknowledged;
      fates += outcome.fates;
      failed += outcome.violations.empty() ? 0 : 1;
      tell_violations(seed, outcome, again);
    }
  };
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < std::max(1u, std::thread::hardware_concurrency()); ++i) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  std::cout << seeds << " seeds (" << static_cast<double>(seeds) / took.count() << " a second), " << promotions << " promotions, "
            << acknowledged << " writes acknowledged, " << fates << " commits in doubt looked up: "
            << (failed == 0 ? "all promises kept" : std::to_string(failed) + " seeds FAILED") << '\n';
  return failed == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Simulated outages in virtual time"};
  std::uint64_t seed = 0;
  std::uint64_t seeds = 300;
  bool is_nightly = false;
  int mutant = 0;
  const auto* one = app.add_option("--seed", seed, "Run this seed and print its trace");
  app.add_option("--seeds", seeds, "Run the seeds from 1 to this");
  bool is_several = false;
  app.add_flag("--nightly", is_nightly, "10000 seeds");
  app.add_flag("--several", is_several, "Several gateways with an etcd between them");
  app.add_option("--mutant", mutant, "Plant that bug (tests/sim/world.hpp)");
  CLI11_PARSE(app, argc, argv);
  const auto run = [&](std::uint64_t of) {
    return is_several ? howdah::sim::simulate_several(of) : simulate(of, static_cast<Mutant>(mutant));
  };
  const char* again = is_several ? " --several" : "";
  if (one->count() > 0) return run_one(seed, run, again);
  return run_all(is_nightly ? 10'000 : seeds, run, again);
}
