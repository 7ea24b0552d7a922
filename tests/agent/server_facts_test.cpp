#include "agent/server_facts.hpp"

#include <catch2/catch.hpp>

using namespace howdah;
using namespace howdah::agent;

namespace {

std::string control_data(std::string_view state) {
  return "pg_control version number:            1300\n"
         "Database system identifier:           7301234567890123456\n"
         "Database cluster state:               " + std::string(state) + "\n"
         "Latest checkpoint location:           0/3000060\n"
         "Latest checkpoint's REDO location:    0/3000028\n"
         "Latest checkpoint's TimeLineID:       2\n"
         "Latest checkpoint's PrevTimeLineID:   1\n";
}

}  // namespace

TEST_CASE("what pg_controldata prints is read") {
  const ServerFacts facts = facts_of({.control_data = control_data("shut down")});
  CHECK(facts.state == ServerState::stopped);
  CHECK(facts.is_clean);
  CHECK(facts.system_identifier == 7301234567890123456ULL);
  CHECK(facts.timeline == TimelineId{2});
  CHECK(to_text(facts.checkpoint) == "0/3000060");
}

TEST_CASE("whether it runs is told by processes, as what by standby.signal, in order by its last word") {
  CHECK(facts_of({}).state == ServerState::absent);
  CHECK_FALSE(facts_of({.control_data = control_data("in production")}).is_clean);
  CHECK(facts_of({.control_data = control_data("shut down in recovery")}).is_clean);
  ServerTraces running{.control_data = control_data("in production"), .has_processes = true};
  CHECK(facts_of(running).state == ServerState::primary);
  running.has_standby_signal = true;
  CHECK(facts_of(running).state == ServerState::standby);
  CHECK_FALSE(facts_of({.control_data = control_data("shut down"), .has_processes = true}).is_clean);
}

TEST_CASE("a promotion is known by its history file before any checkpoint") {
  const ServerFacts facts = facts_of({.control_data = control_data("in archive recovery"),
                                      .wal_files = {"00000002.history", "0000000B.history", "x.history", "00000003.historyx"}});
  CHECK(facts.timeline == TimelineId{11});
}
