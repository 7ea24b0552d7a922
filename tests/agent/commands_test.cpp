#include "agent/commands.hpp"

#include <catch2/catch.hpp>

#include <fstream>
#include <sstream>

using namespace howdah;
using namespace howdah::agent;

namespace {

struct FakeHost final : Host {
  RejoinOutcome perform(const RejoinAction& action, const Request&) override {
    if (const auto* stop = std::get_if<StopServer>(&action)) done.push_back("stop " + stop->mode);
    if (const auto* start = std::get_if<StartServer>(&action)) done.push_back(start->may_be_primary ? "start any" : "start standby");
    if (std::holds_alternative<Rewind>(action)) done.push_back("rewind");
    if (std::holds_alternative<Clone>(action)) done.push_back("clone");
    return {.facts = facts};
  }
  void hear_lease(bool is_in_office) override { done.push_back(is_in_office ? "lease" : "no lease"); }

  ServerFacts facts{.state = ServerState::stopped, .system_identifier = 1, .timeline = TimelineId{2}};
  std::vector<std::string> done;
};

Report run(FakeHost& host, const Request& request) {
  const Command* command = find_command(request.command);
  REQUIRE(command != nullptr);
  return command->run(request, host);
}

using Done = std::vector<std::string>;

}  // namespace

TEST_CASE("README lists the commands") {
  std::ifstream file(std::string(PROJECT_DIR) + "/agent/README.md");
  std::stringstream text;
  text << file.rdbuf();
  INFO(render_command_table());
  CHECK(text.str().find(render_command_table()) != std::string::npos);
}

TEST_CASE("status tells what the server is and changes nothing") {
  FakeHost host;
  const Report report = run(host, {.command = "status"});
  CHECK(report.is_ok());
  CHECK(report.server.timeline == TimelineId{2});
  CHECK(host.done.empty());
}

TEST_CASE("a lease says whether the server is in office") {
  FakeHost host;
  run(host, {.command = "lease", .is_in_office = true});
  run(host, {.command = "lease"});
  run(host, {.command = "lease", .system_identifier = 2, .is_in_office = true});  // of a gateway before other servers
  CHECK(host.done == Done{"lease", "no lease", "no lease"});
}

TEST_CASE("a server starts as a primary only for who holds it in office on just its timeline") {
  struct Row {
    Request request;
    Done done;
  };
  const std::vector<Row> rows{
      {{.command = "start", .timeline = TimelineId{2}, .is_in_office = true}, {"start any"}},
      {{.command = "start", .timeline = TimelineId{3}, .is_in_office = true}, {"start standby"}},
      {{.command = "start", .timeline = TimelineId{2}}, {"start standby"}},
      {{.command = "start", .timeline = TimelineId{1}, .is_in_office = true}, {}},
  };
  for (const Row& row : rows) {
    FakeHost host;
    const Report report = run(host, row.request);
    CAPTURE(row.request.timeline.value, row.request.is_in_office);
    CHECK(host.done == row.done);
    CHECK(report.is_ok() == !row.done.empty());
  }
}

TEST_CASE("a gateway that knows less than the server cannot stop it") {
  FakeHost host;
  CHECK_FALSE(run(host, {.command = "stop", .timeline = TimelineId{1}}).is_ok());
  CHECK_FALSE(run(host, {.command = "stop", .timeline = TimelineId{2}, .mode = "smart"}).is_ok());
  CHECK(host.done.empty());
  CHECK(run(host, {.command = "stop", .timeline = TimelineId{2}, .mode = "immediate"}).is_ok());
  CHECK(host.done == Done{"stop immediate"});
}

TEST_CASE("rejoin and clone run to their end and tell what was done") {
  Request request{.command = "rejoin", .timeline = TimelineId{3}, .primary_host = "b", .primary_port = 1};
  FakeHost host;
  CHECK(run(host, request).did == "rewound");
  CHECK(host.done == Done{"stop fast", "rewind", "start standby"});
  request.command = "clone";
  CHECK(run(host, request).did == "cloned");
}
