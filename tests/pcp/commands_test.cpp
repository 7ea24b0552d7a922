#include "pcp/command.hpp"
#include "pcp/frame.hpp"
#include "pcp/replies.hpp"
#include "tests/pcp/fake_surface.hpp"

#include <catch2/catch.hpp>

#include <fstream>
#include <sstream>

using namespace howdah;
using namespace howdah::pcp;

namespace {

// Runs a command; the outcome must come at once.
Outcome run(FakeSurface& surface, char letter, const Arguments& arguments) {
  std::optional<Outcome> outcome;
  const Command* command = find_command(letter);
  REQUIRE(command != nullptr);
  command->run(*command, arguments, surface, [&](Outcome given) { outcome = std::move(given); });
  REQUIRE(outcome.has_value());
  return *outcome;
}

Failure failure_of_run(FakeSurface& surface, char letter, const Arguments& arguments) {
  const Outcome outcome = run(surface, letter, arguments);
  REQUIRE(std::holds_alternative<Failure>(outcome));
  return std::get<Failure>(outcome);
}

std::vector<Frame> frames_of(const Outcome& outcome) {
  REQUIRE(std::holds_alternative<std::string>(outcome));
  FrameReader reader(kMaxReplyLength);
  reader.feed(as_bytes(std::get<std::string>(outcome)));
  std::vector<Frame> frames;
  while (auto frame = reader.next()) frames.push_back(*frame);
  CHECK(reader.buffered() == 0);
  return frames;
}

}  // namespace

TEST_CASE("orders reach the gateway with the node that was named") {
  struct Row {
    char letter;
    Arguments arguments;
    std::string order;
  };
  const std::vector<Row> rows{
      {'C', {.text = "1"}, "attach 1"},
      {'D', {.text = "2"}, "detach 2"},
      {'d', {.text = "1"}, "drain 1"},
      {'J', {.text = "1 ", .choice = 's'}, "promote 1"},
      {'j', {.text = "2", .choice = 's'}, "promote 2"},
      {'Z', {.choice = 'l'}, "reload"},
      {'T', {.choice = 's'}, "stop 0"},
      {'T', {.choice = 'i'}, "stop 2"},
      {'t', {.choice = 'f'}, "stop 1"},
  };
  for (const Row& row : rows) {
    FakeSurface surface;
    const auto frames = frames_of(run(surface, row.letter, row.arguments));
    CAPTURE(row.order);
    CHECK(surface.orders == std::vector<std::string>{row.order});
    REQUIRE(frames.size() == 1);
    CHECK(frames[0].payload == std::string("CommandComplete\0", 16));
  }
}

TEST_CASE("a wrong request is refused in Pgpool's words and orders nothing") {
  struct Row {
    char letter;
    Arguments arguments;
    std::string message;
    std::string detail;
  };
  const std::vector<Row> rows{
      {'D', {.text = "7"}, "invalid degenerate backend request, node id : 7 status: [0] is not valid for failover", ""},
      {'d', {.text = "x"}, "invalid degenerate backend request, node id : x status: [0] is not valid for failover", ""},
      {'C', {.text = ""}, "invalid failback request, node id :  is not configured", ""},
      {'J',
       {.text = "1", .choice = 'n'},
       "could not process promote request",
       "use --switchover (-s): without it nothing would be promoted in PostgreSQL"},
      {'J',
       {.text = "1"},
       "could not process promote request",
       "use --switchover (-s): without it nothing would be promoted in PostgreSQL"},
      {'J', {.text = "9 ", .choice = 's'}, "could not process promote request", "node id 9 is not valid"},
      {'O', {.text = "0"}, "process recovery request failed", "primary server cannot be recovered by online recovery."},
      {'O', {.text = "7"}, "process recovery request failed", "node id 7 is not valid"},
      {'O', {.text = "1"}, "node recovery failed, node id: 1 is alive", ""},
      {'T', {.choice = 'x'}, "process shutdown request failed", "invalid shutdown mode \"x\""},
      {'Z', {}, "process reload config request failed", "invalid scope \"\""},
      {'P', {.text = "99999"}, "informing process info failed", "invalid process ID : 99999"},
      {'W', {.text = "-1"}, "PCP: informing watchdog info failed", "watchdog is not enabled"},
      {'A', {.text = "foo", .value = "bar"}, "PCP: set configuration parameter failed", "invalid parameter \"foo\""},
  };
  for (const Row& row : rows) {
    FakeSurface surface;
    const Failure failure = failure_of_run(surface, row.letter, row.arguments);
    CAPTURE(row.letter, row.arguments.text);
    CHECK(failure.message == row.message);
    CHECK(failure.detail == row.detail);
    CHECK_FALSE(failure.is_fatal());
    CHECK(surface.orders.empty());
  }
}

TEST_CASE("a node that is down is recovered: one at a time, in streaming replication mode, while there is a primary") {
  FakeSurface surface;
  surface.cluster.nodes[2].state = NodeState::down;
  SECTION("it is ordered") {
    run(surface, 'O', {.text = "2"});
    CHECK(surface.orders == std::vector<std::string>{"recover 2"});
  }
  SECTION("another recovery runs") {
    surface.recovers = true;
    const Failure failure = failure_of_run(surface, 'O', {.text = "2"});
    CHECK(failure.detail == "pgpool-II is already processing another recovery request.");
    CHECK(failure.is_fatal());
  }
  SECTION("a failover runs") {
    surface.cluster.primary.reset();
    CHECK(failure_of_run(surface, 'O', {.text = "2"}).detail == "there is no primary to copy: a failover is under way");
    CHECK(surface.orders.empty());
  }
  SECTION("another mode") {
    surface.set("backend_clustering_mode", "raw");
    CHECK(failure_of_run(surface, 'O', {.text = "2"}).detail ==
          "recovery request is only allowed in streaming replication mode.");
  }
}

TEST_CASE("a node that failed can be detached so that it stays away; a detached one cannot be detached again") {
  FakeSurface surface;
  surface.cluster.nodes[2].state = NodeState::down;
  run(surface, 'D', {.text = "2"});
  CHECK(surface.orders.size() == 1);
  surface.cluster.nodes[2].is_detached = true;
  CHECK(failure_of_run(surface, 'D', {.text = "2"}).message ==
        "invalid degenerate backend request, node id : 2 status: [3] is not valid for failover");
}

TEST_CASE("a failed reload is told, though Pgpool would say done") {
  FakeSurface surface;
  surface.refusal = Error{ErrorCode::configuration, "pgpool.conf has mistakes", "line 3"};
  CHECK(failure_of_run(surface, 'Z', {.choice = 'l'}).message == "pgpool.conf has mistakes");
}

TEST_CASE("proc_info has 17 fields for 4.3 and 21 for 4.7, one record per server connection or empty worker") {
  for (const auto& [compatibility, width] : {std::pair("4.3", 17), std::pair("4.7", 21)}) {
    FakeSurface surface;
    surface.set("pcp_compatibility", compatibility);
    surface.gateway.workers[0].servers = {{.id = {1}, .node = {1}}, {.id = {2}, .node = {0}}};
    const auto frames = frames_of(run(surface, 'P', {.text = "0"}));
    REQUIRE(frames.size() == 5);
    CHECK(frames[0].payload == std::string("ArraySize\0003\0", 12));
    for (std::size_t i = 1; i <= 3; ++i)
      CHECK(split_texts(frames[i].payload).size() == static_cast<std::size_t>(width) + 1);
    CHECK(frames_of(run(surface, 'P', {.text = "6130"})).size() == 4);
    CHECK(frames_of(run(surface, 'P', {.text = "6131"})).size() == 3);
  }
}

TEST_CASE("an empty worker is one free record, as Pgpool's free slots are") {
  FakeSurface surface;
  surface.set("pcp_compatibility", "4.3");
  surface.gateway.workers[0].started_at = kStart - 2s;
  const auto frames = frames_of(run(surface, 'P', {.text = "6130"}));
  const std::vector<std::string> captured{
      "ProcessInfo", "6130", "2026-11-21 04:08:43", "0", "0", "0", "", "", "", "", "", "0", "0", "0", "0",
      "0",           "0",    "Wait for connection"};
  CHECK(split_texts(frames[1].payload) == captured);
}

TEST_CASE("pool_status counts its records in binary and has Pgpool's 173 rows for three nodes") {
  FakeSurface surface;
  const auto frames = frames_of(run(surface, 'B', {}));
  REQUIRE(frames.size() == 175);
  CHECK(frames[0].payload == std::string("ArraySize\0\0\0\0\xad", 14));
  const auto first = split_texts(frames[1].payload);
  CHECK(first[0] == "ProcessConfig");
  CHECK(first[1] == "backend_clustering_mode");
  CHECK(first[2] == "1");
  for (std::size_t i = 1; i <= 173; ++i) CHECK(split_texts(frames[i].payload)[3].size() <= 79);
}

TEST_CASE("a payload made by the tool is the payload the server reads") {
  for (const Command& command : commands()) {
    const bool has_choice = command.arguments == ArgumentKind::promote || command.arguments == ArgumentKind::scope ||
                            command.arguments == ArgumentKind::stop_mode;
    const Arguments made{.text = "5", .value = "v", .choice = has_choice ? 's' : '\0'};
    const Arguments read = parse_arguments(command.arguments, make_payload(command.arguments, made));
    CAPTURE(command.letter);
    CHECK(read.choice == made.choice);
    const bool has_number = command.arguments != ArgumentKind::none && command.arguments != ArgumentKind::scope &&
                            command.arguments != ArgumentKind::stop_mode;
    CHECK(parse_number(read.text) == (has_number ? std::optional<std::int64_t>(5) : std::nullopt));
  }
}

TEST_CASE("the README shows the command table as it is") {
  std::ifstream file(PROJECT_DIR "/pcp/README.md");
  std::ostringstream text;
  text << file.rdbuf();
  CHECK(text.str().find(render_command_table()) != std::string::npos);
}
