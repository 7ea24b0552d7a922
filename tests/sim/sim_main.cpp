// sim --seed N: one run, with its trace. sim --seeds K [--first N]: K seeds, only what fails, on every core; --nightly: many.
// --several: several gateways. --story: an outage with a plot. --mutant: with a bug planted.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <iostream>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/sim/several.hpp"
#include "tests/sim/simulation.hpp"
#include "tests/sim/stories.hpp"

using namespace howdah::sim;

namespace {

using Run = std::function<Outcome(std::uint64_t seed)>;

Mutant mutant_of(const std::string& name) {
  return static_cast<Mutant>(std::find(kMutantNames.begin(), kMutantNames.end(), name) - kMutantNames.begin());
}

std::vector<std::string> story_names() {
  std::vector<std::string> names;
  for (const Story& story : stories()) names.emplace_back(story.name);
  return names;
}

void tell_violations(std::uint64_t seed, const Outcome& outcome, const std::string& again) {
  for (const std::string& line : outcome.violations) std::cout << "seed " << seed << ": " << line << '\n';
  if (!outcome.violations.empty()) std::cout << "again with: ./dev sim --seed " << seed << again << std::endl;
}

int run_one(std::uint64_t seed, const Run& run, const std::string& again) {
  const Outcome outcome = run(seed);
  for (const std::string& line : outcome.trace) std::cout << line << '\n';
  tell_violations(seed, outcome, again);
  return outcome.violations.empty() ? 0 : 1;
}

// Runs share nothing, so each thread takes the next seed.
int run_all(std::uint64_t first, std::uint64_t seeds, const Run& run, const std::string& again) {
  std::atomic<std::uint64_t> next = first;
  std::mutex mutex;  // guards the output and the sums
  std::size_t promotions = 0, acknowledged = 0, fates = 0, failed = 0;
  Happened happened;
  const auto began = std::chrono::steady_clock::now();
  const auto work = [&] {
    for (std::uint64_t seed = next++; seed < first + seeds; seed = next++) {
      const Outcome outcome = run(seed);
      const std::lock_guard lock(mutex);
      promotions += outcome.promotions;
      acknowledged += outcome.acknowledged;
      fates += outcome.fates;
      happened += outcome.happened;
      failed += outcome.violations.empty() ? 0 : 1;
      tell_violations(seed, outcome, again);
    }
  };
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < std::max(1u, std::thread::hardware_concurrency()); ++i) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  std::cout << seeds << " seeds (" << static_cast<double>(seeds) / took.count() << " a second), " << promotions << " promotions, "
            << acknowledged << " writes acknowledged, " << fates << " commits in doubt looked up, " << happened.moves << " connections moved, " << happened.copies
            << " COPY, " << happened.notes << " temporary tables read, " << happened.lost_notes << " lost: "
            << (failed == 0 ? "all promises kept" : std::to_string(failed) + " seeds FAILED") << '\n';
  return failed == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Simulated outages in virtual time"};
  std::uint64_t seed = 0;
  std::uint64_t first = 1, seeds = 300;
  bool is_nightly = false;
  std::string mutant = "none", story;
  const auto* one = app.add_option("--seed", seed, "Run this seed and print its trace");
  app.add_option("--seeds", seeds, "Run so many seeds");
  app.add_option("--first", first, "The first of them");
  bool is_several = false;
  app.add_flag("--nightly", is_nightly, "10000 seeds");
  app.add_flag("--several", is_several, "Several gateways with an etcd between them");
  app.add_option("--mutant", mutant, "Plant that bug (tests/sim/world.hpp)")->check(CLI::IsMember(std::vector<std::string>(kMutantNames.begin(), kMutantNames.end())));
  app.add_option("--story", story, "Tell that story (tests/sim/stories.cpp)")->check(CLI::IsMember(story_names()));
  CLI11_PARSE(app, argc, argv);
  const auto run = [&](std::uint64_t of) {
    if (is_several) return simulate_several(of);
    return story.empty() ? simulate(of, mutant_of(mutant)) : tell(*find_story(story), of, mutant_of(mutant));
  };
  const std::string again = std::string(is_several ? " --several" : "") + (story.empty() ? "" : " --story " + story) +
                            (mutant == "none" ? "" : " --mutant " + mutant);
  if (one->count() > 0) return run_one(seed, run, again);
  return run_all(first, is_nightly ? 10'000 : seeds, run, again);
}
