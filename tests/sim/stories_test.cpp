#include "tests/sim/stories.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace howdah::sim;

namespace {

constexpr std::uint64_t kTellings = 4;

struct Planted {
  Mutant bug;
  std::string_view story;  // in which it shows
};
constexpr Planted kPlanted[] = {
    {Mutant::no_freeze, "restart_in_election"},
    {Mutant::lowest_id, "one_standby_behind"},
    {Mutant::nobody_asked, "gateway_cut_off"},
    {Mutant::stale_clients, "return_of_old_primary"},
    {Mutant::no_fork, "crash_at_commits"},
    {Mutant::unseen_run, "crash_loop"},
    {Mutant::no_fence, "return_of_old_primary"},
    {Mutant::control_timeline, "return_of_old_primary"},
    {Mutant::early_release, "switchovers"},
    {Mutant::blind_replay, "crash_under_transfers"},
    {Mutant::dirty_reuse, "impatient_clients"},
    {Mutant::hopeful_commit, "crash_at_commits"},
    {Mutant::stale_reads, "one_standby_behind"},
    {Mutant::mixed_up_move, "impatient_clients"},
};

}  // namespace

TEST_CASE("every promise is kept in every story") {
  for (const Story& story : stories()) {
    for (std::uint64_t seed = 1; seed <= kTellings; ++seed) {
      INFO("again with: ./dev sim --story " << story.name << " --seed " << seed);
      CHECK(tell(story, seed).violations == std::vector<std::string>{});
    }
  }
}

TEST_CASE("a planted bug is caught in most tellings of its story") {
  for (const Planted& planted : kPlanted) {
    std::uint64_t caught = 0;
    for (std::uint64_t seed = 1; seed <= kTellings && caught < kTellings / 2; ++seed)
      caught += tell(*find_story(planted.story), seed, planted.bug).violations.empty() ? 0 : 1;
    INFO("./dev sim --story " << planted.story << " --mutant " << kMutantNames[static_cast<std::size_t>(planted.bug)]);
    CHECK(caught == kTellings / 2);
  }
}

TEST_CASE("every bug that can be planted is") {
  for (std::size_t bug = 1; bug < kMutantNames.size(); ++bug) {
    INFO(kMutantNames[bug]);
    CHECK(std::any_of(std::begin(kPlanted), std::end(kPlanted), [&](const Planted& each) { return each.bug == static_cast<Mutant>(bug); }));
  }
}
