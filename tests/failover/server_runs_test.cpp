#include "failover/server_runs.hpp"

#include <catch2/catch.hpp>

using namespace howdah;
using namespace howdah::failover;
using health::FailureKind;
using health::ProbeResult;
using health::RunBeginning;

namespace {

Instant at(int ms) { return Instant(milliseconds(ms)); }

ProbeResult of_run(std::string name, std::uint64_t first_xid = 0, std::optional<RunBeginning> beginning = {}) {
  return {.run = std::move(name), .first_xid = first_xid, .run_beginning = beginning};
}

// Asked every second, each time answered 10 ms later: the run "1 a" until 3 s, then "1 b".
ServerRuns two_runs() {
  ServerRuns runs;
  for (const int ms : {1000, 2000, 3000}) runs.see(of_run("1 a"), at(ms), at(ms + 10));
  runs.see(of_run("1 b", 700), at(4000), at(4010));
  runs.see(of_run("1 b"), at(5000), at(5010));  // since then there was a checkpoint
  return runs;
}

std::string name_of(const ServerRun* run) { return run == nullptr ? "" : run->name; }

}  // namespace

TEST_CASE("who was there when a run was known to be under way belongs to it") {
  const ServerRuns runs = two_runs();
  CHECK(name_of(runs.of(at(2500), at(2600))) == "1 a");
  CHECK(name_of(runs.of(at(500), at(3900))) == "1 a");
  CHECK(name_of(runs.of(at(4500), at(9000))) == "1 b");
  CHECK(name_of(runs.of(at(4005), at(4100))) == "1 b");
}

TEST_CASE("who came and asked between two probes that tell different runs may belong to either") {
  const ServerRuns runs = two_runs();
  CHECK(runs.of(at(3500), at(3600)) == nullptr);
  CHECK(runs.of(at(3005), at(4009)) == nullptr);
  CHECK(runs.of(at(100), at(900)) == nullptr);
}

TEST_CASE("who came before the server accepted nobody came in the run that ended with that") {
  ServerRuns runs;
  runs.see(of_run("1 a"), at(1000), at(1010));
  runs.note_closed(FailureKind::crash_restart, at(1800), at(1810));
  runs.see(of_run("1 b", 700), at(2000), at(2010));
  CHECK(name_of(runs.of(at(1700), at(1750))) == "1 a");
  CHECK(name_of(runs.of(at(1700), at(1900))) == "1 a");
  CHECK(runs.of(at(1850), at(1900)) == nullptr);
  CHECK(name_of(runs.of(at(1950), at(2100))) == "1 b");
}

TEST_CASE("one answer tells only of who was there before it was asked for and after it came") {
  ServerRuns runs;
  runs.see(of_run("1 a"), at(1000), at(1500));
  CHECK(name_of(runs.of(at(1000), at(1500))) == "1 a");
  CHECK(runs.of(at(1001), at(1500)) == nullptr);
  CHECK(runs.of(at(1000), at(1499)) == nullptr);
}

TEST_CASE("the first id of each run is kept, and when the last one was seen first") {
  const ServerRuns runs = two_runs();
  CHECK(runs.find("1 b")->first_xid == 700);
  CHECK(runs.last_from_if_several() == at(4010));
}

namespace {

// "1 a" answered at 1 s; behind it `name`, which had begun at `began_ms`, took so long and answered at 4 s.
struct NextRun {
  ServerRuns runs;
  NextRun(std::string name, int began_ms, Duration took, std::initializer_list<int> refused = {}, FailureKind kind = FailureKind::refused) {
    runs.see(of_run("1 a"), at(1000), at(1010));
    for (const int ms : refused) runs.note_closed(kind, at(ms), at(ms + 10));
    runs.see(of_run(std::move(name), 700, RunBeginning{milliseconds(4000 - began_ms), took}), at(3990), at(4000));
  }
  bool is_next(int asked_ms) const { return runs.is_next(*runs.find(runs.find("1 b") ? "1 b" : "2"), *runs.find("1 a"), at(asked_ms)); }
};

}  // namespace

TEST_CASE("behind a crash no other run can have been where there was less time than a recovery takes") {
  CHECK(NextRun("1 b", 1600, 200ms).is_next(1500));
  CHECK_FALSE(NextRun("1 b", 1600, 200ms).is_next(1300));
  CHECK_FALSE(NextRun("1 b", 1600, 0ms).is_next(1600));
  CHECK_FALSE(NextRun("1 b", 3000, 200ms).is_next(1500));
  CHECK_FALSE(NextRun("1 b", 1600, 200ms, {1450, 1550}, FailureKind::crash_restart).is_next(1300));  // whose recovery was that?
}

TEST_CASE("of a server that was started again each time counts at which nobody was there") {
  const std::initializer_list<int> often = {1600, 2400, 2900, 3400}, seldom = {1600, 2700, 3400};
  CHECK(NextRun("2", 2400, 0ms).is_next(1500));
  CHECK_FALSE(NextRun("2", 2600, 0ms).is_next(1500));
  CHECK(NextRun("2", 3900, 0ms, often).is_next(1500));
  CHECK(NextRun("2", 3900, 0ms, often, FailureKind::shutting_down).is_next(1500));
  CHECK_FALSE(NextRun("2", 3900, 0ms, often, FailureKind::starting_up).is_next(1500));
  CHECK_FALSE(NextRun("2", 3900, 0ms, seldom).is_next(1500));
  CHECK(NextRun("2", 3900, 1200ms, seldom).is_next(1500));
  CHECK_FALSE(NextRun("2", 3900, 0ms, {2100, 2900, 3400}).is_next(1050));
}

TEST_CASE("when a run began must be known, and it must be the one behind") {
  ServerRuns runs = two_runs();
  CHECK_FALSE(runs.is_next(*runs.find("1 b"), *runs.find("1 a"), at(3900)));
  runs.see(of_run("1 b", 0, RunBeginning{2100ms, 150ms}), at(6000), at(6010));
  CHECK(runs.is_next(*runs.find("1 b"), *runs.find("1 a"), at(3900)));
  CHECK_FALSE(runs.is_next(*runs.find("1 a"), *runs.find("1 b"), at(3900)));
}

TEST_CASE("a server that has said since that it restarts may have had another run") {
  ServerRuns runs;
  runs.see(of_run("1 a"), at(1000), at(1010));
  CHECK(runs.last_from_if_several() == Instant{});
  runs.note_closed(FailureKind::refused, at(2000), at(2010));
  CHECK(runs.last_from_if_several() == Instant{});
  runs.note_closed(FailureKind::starting_up, at(3000), at(3010));
  CHECK(runs.last_from_if_several() == at(3010));
  runs.see(of_run("1 a"), at(4000), at(4010));
  CHECK(runs.last_from_if_several() == Instant{});
}

TEST_CASE("an answer without a run, and one of a run that is over, say nothing") {
  ServerRuns runs = two_runs();
  runs.see(of_run("", 0), at(6000), at(6010));
  runs.see(of_run("1 a"), at(2900), at(6020));
  CHECK(name_of(runs.of(at(4500), at(7000))) == "1 b");
  CHECK(runs.of(at(6000), at(7000)) == nullptr);
}
