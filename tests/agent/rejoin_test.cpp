#include "agent/rejoin.hpp"

#include <catch2/catch.hpp>

#include <functional>

#include "base/overloaded.hpp"

using namespace howdah;
using namespace howdah::agent;

namespace {

std::string name_of(const RejoinAction& action) {
  return std::visit(Overloaded{[](const Look&) { return std::string("look"); },
                               [](const StopServer& what) { return "stop " + what.mode; },
                               [](const SaveConfig&) { return std::string("save"); },
                               [](const RestoreConfig&) { return std::string("restore"); },
                               [](const RemoveSignals&) { return std::string("unsignal"); },
                               [](const Rewind&) { return std::string("rewind"); },
                               [](const Clone&) { return std::string("clone"); },
                               [](const ConfigureStandby&) { return std::string("configure"); },
                               [](const StartServer& what) { return std::string(what.may_be_primary ? "start any" : "start"); },
                               [](const RejoinFinished& what) {
                                 return what.report.is_ok() ? "done: " + what.report.did : "failed: " + what.report.error;
                               }},
                    action);
}

Request an_order() {
  return {.command = "rejoin", .timeline = TimelineId{2}, .system_identifier = 1, .primary_host = "b", .primary_port = 5432,
          .may_clone = true};
}
ServerFacts old_primary(bool is_clean = false) {
  return {.state = ServerState::stopped, .is_clean = is_clean, .system_identifier = 1, .timeline = TimelineId{1}, .checkpoint = Lsn{96}};
}

// Plays a machine on which the actions named in `failing` fail; returns what was done, in order.
std::vector<std::string> play(Request order, ServerFacts facts, const std::vector<std::string>& failing = {}, bool is_clone = false) {
  Rejoin rejoin(std::move(order), is_clone);
  std::vector<std::string> done;
  RejoinOutcome outcome;
  while (done.size() < 30) {
    const RejoinAction action = rejoin.step(outcome);
    done.push_back(name_of(action));
    if (std::holds_alternative<RejoinFinished>(action)) return done;
    const bool fails = std::find(failing.begin(), failing.end(), done.back()) != failing.end();
    outcome = {.error = fails ? "trouble" : "", .facts = facts};
  }
  FAIL("it does not end");
  return done;
}

using Steps = std::vector<std::string>;

}  // namespace

TEST_CASE("a failed primary is rewound and started as a standby") {
  CHECK(play(an_order(), old_primary()) == Steps{"look", "stop fast", "look", "save", "unsignal", "rewind", "restore",
                                                 "configure", "start", "done: rewound"});
}

TEST_CASE("one that was stopped in order where the new primary goes on follows as it is") {
  Request order = an_order();
  order.clean_at = Lsn{96};
  CHECK(play(order, old_primary(true)) ==
        Steps{"look", "stop fast", "look", "restore", "configure", "start", "done: followed"});
  CHECK(play(order, old_primary(false))[5] == "rewind");
  order.clean_at = Lsn{95};
  CHECK(play(order, old_primary(true))[5] == "rewind");
}

TEST_CASE("where it cannot be rewound the primary is copied anew, if that is allowed") {
  CHECK(play(an_order(), old_primary(), {"rewind"}) ==
        Steps{"look", "stop fast", "look", "save", "unsignal", "rewind", "clone", "restore", "configure", "start", "done: cloned"});
  Request order = an_order();
  order.may_clone = false;
  CHECK(play(order, old_primary(), {"rewind"}).back() == "failed: pg_rewind failed: trouble");
}

TEST_CASE("a rewound server that does not start is copied anew; a copy that does not start is told") {
  const Steps steps = play(an_order(), old_primary(), {"start"});
  CHECK(Steps(steps.end() - 6, steps.end()) ==
        Steps{"start", "clone", "restore", "configure", "start", "failed: the server does not start: trouble"});
}

TEST_CASE("clone copies in any case, also where nothing is") {
  CHECK(play(an_order(), old_primary(), {}, true) ==
        Steps{"look", "stop fast", "look", "save", "clone", "restore", "configure", "start", "done: cloned"});
  CHECK(play(an_order(), {}) == Steps{"look", "clone", "restore", "configure", "start", "done: cloned"});
  Request order = an_order();
  order.may_clone = false;
  CHECK(play(order, {}).back() == "failed: there is no data directory");
}

TEST_CASE("a server that does not stop in order is stopped at once; one that goes on running is left") {
  CHECK(play(an_order(), old_primary(), {"stop fast"})[2] == "stop immediate");
  CHECK(play(an_order(), old_primary(), {"stop fast", "stop immediate"}).back() == "failed: the server cannot be stopped: trouble");
  ServerFacts running = old_primary();
  running.state = ServerState::primary;
  CHECK(play(an_order(), running).back() == "failed: the server goes on running");
}

TEST_CASE("the history of a server that is ahead, or of another system, is not touched") {
  ServerFacts ahead = old_primary();
  ahead.timeline = TimelineId{3};
  CHECK(play(an_order(), ahead) == Steps{"look", "failed: the server is ahead: it has seen timeline 3, the order is of timeline 2"});
  ServerFacts foreign = old_primary();
  foreign.system_identifier = 9;
  CHECK(play(an_order(), foreign).back() == "failed: the server belongs to another database system: 9 instead of 1");
  ServerFacts unreadable = old_primary();
  unreadable.system_identifier = 0;
  CHECK(play(an_order(), unreadable).back() == "failed: pg_controldata does not tell what the server is");
}

TEST_CASE("the primary in office is not made a standby, whoever orders it") {
  ServerFacts in_office = old_primary();
  in_office.state = ServerState::primary;
  in_office.timeline = TimelineId{2};
  CHECK(play(an_order(), in_office) == Steps{"look", "failed: the server is a primary on the order's own timeline"});
}

TEST_CASE("an order that names no primary, or one that no configuration could hold, is refused") {
  for (const char* host : {"", "b\narchive_command=x", "b\x7f"}) {
    Request order = an_order();
    order.primary_host = host;
    CAPTURE(order.primary_host);
    CHECK(play(order, old_primary()).size() == 2);
  }
  Request order = an_order();
  order.slot = "a\tb";
  CHECK(play(order, old_primary()).size() == 2);
}

TEST_CASE("each step that fails ends it, and the server is not started") {
  for (const char* step : {"save", "unsignal", "restore", "configure"}) {
    const Steps steps = play(an_order(), old_primary(), {step});
    CAPTURE(step);
    CHECK(steps.back().starts_with("failed: "));
    CHECK(std::find(steps.begin(), steps.end(), "start") == steps.end());
  }
}
