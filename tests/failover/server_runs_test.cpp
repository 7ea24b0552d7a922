#include "failover/server_runs.hpp"

#include <catch2/catch.hpp>

using namespace howdah;
using namespace howdah::failover;

namespace {

Instant at(int ms) { return Instant(milliseconds(ms)); }

// Asked every second, each time answered 10 ms later: the run "a" until 3 s, then "b".
ServerRuns two_runs() {
  ServerRuns runs;
  for (const int ms : {1000, 2000, 3000}) runs.see("a", 0, at(ms), at(ms + 10));
  runs.see("b", 700, at(4000), at(4010));
  runs.see("b", 0, at(5000), at(5010));  // since then there was a checkpoint
  return runs;
}

std::string name_of(const ServerRun* run) { return run == nullptr ? "" : run->name; }

}  // namespace

TEST_CASE("who was there when a run was known to be under way belongs to it") {
  const ServerRuns runs = two_runs();
  CHECK(name_of(runs.of(at(2500), at(2600))) == "a");
  CHECK(name_of(runs.of(at(500), at(3900))) == "a");
  CHECK(name_of(runs.of(at(4500), at(9000))) == "b");
  CHECK(name_of(runs.of(at(4005), at(4100))) == "b");
}

TEST_CASE("who came and asked between two probes that tell different runs may belong to either") {
  const ServerRuns runs = two_runs();
  CHECK(runs.of(at(3500), at(3600)) == nullptr);
  CHECK(runs.of(at(3005), at(4009)) == nullptr);
  CHECK(runs.of(at(100), at(900)) == nullptr);
}

TEST_CASE("who came before the server accepted nobody came in the run that ended with that") {
  ServerRuns runs;
  runs.see("a", 0, at(1000), at(1010));
  runs.note_closed(at(1800));
  runs.see("b", 700, at(2000), at(2010));
  CHECK(name_of(runs.of(at(1700), at(1750))) == "a");
  CHECK(name_of(runs.of(at(1700), at(1900))) == "a");
  CHECK(runs.of(at(1850), at(1900)) == nullptr);
  CHECK(name_of(runs.of(at(1950), at(2100))) == "b");
}

TEST_CASE("one answer tells only of who was there before it was asked for and after it came") {
  ServerRuns runs;
  runs.see("a", 0, at(1000), at(1500));
  CHECK(name_of(runs.of(at(1000), at(1500))) == "a");
  CHECK(runs.of(at(1001), at(1500)) == nullptr);
  CHECK(runs.of(at(1000), at(1499)) == nullptr);
}

TEST_CASE("runs follow one another, and the first id of each is kept") {
  const ServerRuns runs = two_runs();
  CHECK(runs.is_next(*runs.find("b"), *runs.find("a")));
  CHECK_FALSE(runs.is_next(*runs.find("a"), *runs.find("b")));
  CHECK(runs.find("b")->first_xid == 700);
  CHECK(runs.last_from_if_several() == at(4010));
}

TEST_CASE("an answer without a run, and one of a run that is over, say nothing") {
  ServerRuns runs = two_runs();
  runs.see("", 0, at(6000), at(6010));
  runs.see("a", 0, at(2900), at(6020));
  CHECK(name_of(runs.of(at(4500), at(7000))) == "b");
  CHECK(runs.of(at(6000), at(7000)) == nullptr);
}
