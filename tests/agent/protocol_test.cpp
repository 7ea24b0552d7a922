#include "agent/protocol.hpp"

#include <catch2/catch.hpp>

using namespace howdah;
using namespace howdah::agent;

TEST_CASE("a request comes out as it went in") {
  const Request request{.command = "rejoin",
                        .epoch = Epoch{7},
                        .timeline = TimelineId{3},
                        .system_identifier = 18446744073709551615ULL,
                        .is_in_office = true,
                        .mode = "immediate",
                        .primary_host = "10.0.0.2\n\"",
                        .primary_port = 5433,
                        .slot = "s",
                        .clean_at = Lsn{0x16B374D848},
                        .may_clone = true};
  const std::string line = to_line(request);
  CHECK(line.find('\n') == std::string::npos);
  const auto read = parse_request(line);
  REQUIRE(read.has_value());
  CHECK(*read == request);
}

TEST_CASE("a report comes out as it went in") {
  const auto report = parse_report(to_line(Report{.error = "no",
                                                  .hint = "try",
                                                  .server = {.state = ServerState::standby,
                                                             .is_clean = true,
                                                             .system_identifier = 5,
                                                             .timeline = TimelineId{2},
                                                             .checkpoint = Lsn{24}},
                                                  .busy = "clone",
                                                  .did = "rewound"}));
  REQUIRE(report.has_value());
  CHECK_FALSE(report->is_ok());
  CHECK(report->hint == "try");
  CHECK(report->server.state == ServerState::standby);
  CHECK(report->server.is_clean);
  CHECK(report->server.system_identifier == 5);
  CHECK(report->server.timeline == TimelineId{2});
  CHECK(report->server.checkpoint == Lsn{24});
  CHECK(report->busy == "clone");
  CHECK(report->did == "rewound");
}

TEST_CASE("keys that are not known are passed over, those that are missing have their defaults") {
  const auto request = parse_request(R"({"command":"stop","later":{"a":[1]}})");
  REQUIRE(request.has_value());
  CHECK(request->mode == "fast");
  CHECK(request->timeline == TimelineId{});
}

TEST_CASE("what is no request is told so, and never taken for half of one") {
  for (const char* line : {"", "x", "[]", "{}", R"({"command":7})", R"({"command":"stop","timeline":"x"})",
                           R"({"command":"stop","timeline":-1})", R"({"command":"stop","timeline":4294967296})",
                           R"({"command":"stop","clean_at":"zero"})", R"({"command":"stop","system_identifier":"1x"})",
                           R"({"command":"stop","may_clone":"true"})", R"({"command":"stop"} x)"}) {
    CAPTURE(line);
    CHECK_FALSE(parse_request(line).has_value());
  }
  CHECK_FALSE(parse_report(R"({"state":"lost"})").has_value());
}
