#include "health/role_detector.hpp"

#include <catch2/catch.hpp>
#include <optional>

using namespace howdah;
using namespace howdah::health;

namespace {

NodeFacts node(int id, bool in_recovery, std::uint32_t timeline, std::uint64_t system = 7) {
  NodeFacts facts{.options = {.id = NodeId{id}, .host = fmt::format("pg{}", id)}, .condition = NodeCondition::up};
  facts.answers = true;
  facts.last = ProbeResult{.in_recovery = in_recovery, .system_identifier = system, .timeline = TimelineId{timeline}};
  facts.timeline = TimelineId{timeline};
  return facts;
}
NodeFacts primary(int id, std::uint32_t timeline, std::uint64_t system = 7) { return node(id, false, timeline, system); }
NodeFacts standby(int id, std::uint32_t timeline) { return node(id, true, timeline); }
NodeFacts silent(NodeFacts facts) {
  facts.answers = false;
  return facts;
}

const KnownPrimary kNothing{};
const KnownPrimary kNode0{NodeId{0}, TimelineId{1}, 7, false};
const KnownPrimary kNode0GivenUp{NodeId{0}, TimelineId{1}, 7, true};

}  // namespace

TEST_CASE("who is the primary") {
  struct Row {
    const char* situation;
    std::vector<NodeFacts> nodes;
    KnownPrimary known;
    std::optional<NodeId> expected;
    std::size_t misfits;
  };
  KnownPrimary with_outcast = kNode0GivenUp;
  with_outcast.outcasts = {NodeId{2}};
  KnownPrimary with_successor = kNode0GivenUp;
  with_successor.successor = NodeId{1};
  const std::vector<Row> rows{
      {"one out of recovery", {primary(0, 1), standby(1, 1)}, kNothing, NodeId{0}, 0},
      {"nobody out of recovery", {standby(0, 1), standby(1, 1)}, kNothing, {}, 0},
      {"two on one timeline, nothing known", {primary(0, 1), primary(1, 1)}, kNothing, {}, 2},
      {"two on one timeline, one known", {primary(0, 1), primary(1, 1)}, kNode0, NodeId{0}, 1},
      {"two timelines, nothing known", {primary(0, 1), primary(1, 2)}, kNothing, NodeId{1}, 1},
      {"promoted beside the living known one", {primary(0, 1), primary(1, 2)}, kNode0, NodeId{0}, 1},
      {"promoted after the known one died", {silent(primary(0, 1)), primary(1, 2)}, kNode0, NodeId{1}, 0},
      {"the given-up one returns beside its successor", {primary(0, 1), primary(1, 2)}, kNode0GivenUp, NodeId{1}, 1},
      {"the given-up one returns alone", {primary(0, 1), standby(1, 1)}, kNode0GivenUp, NodeId{0}, 0},
      {"left behind: a standby is on a newer timeline", {primary(0, 1), standby(1, 2)}, kNothing, {}, 1},
      {"a copy on the known timeline is no successor", {silent(primary(0, 1)), primary(1, 1)}, kNode0, {}, 1},
      {"an outcast is no successor", {silent(primary(0, 1)), standby(1, 1), primary(2, 2)}, with_outcast, {}, 1},
      {"who was told to promote goes before who was not", {primary(1, 2), primary(2, 2)}, with_successor, NodeId{1}, 1},
      {"another system", {primary(0, 1), primary(1, 5, 99)}, kNode0, NodeId{0}, 1},
      {"two systems, nothing known", {primary(0, 1), primary(1, 1, 99)}, kNothing, {}, 2},
      {"a standby beyond its primary follows another", {primary(0, 1), standby(1, 2)}, kNode0, NodeId{0}, 1},
  };
  for (const Row& row : rows) {
    CAPTURE(row.situation);
    const RoleVerdict verdict = detect_roles(row.nodes, row.known);
    CHECK(verdict.primary == row.expected);
    CHECK(verdict.misfits.size() == row.misfits);
  }
}

TEST_CASE("an undecided pair of primaries raises an alarm, one that is left behind does not") {
  CHECK_FALSE(detect_roles({primary(0, 1), primary(1, 1)}, kNothing).alarm.empty());
  CHECK(detect_roles({primary(0, 1), primary(1, 2)}, kNothing).alarm.empty());
}

TEST_CASE("two primaries of which either may be the right one are contested, and neither is closed") {
  struct Row {
    const char* situation;
    std::vector<NodeFacts> nodes;
    KnownPrimary known;
    RolePolicy policy;
    bool is_contested;
    bool is_second_left_behind;
  };
  const auto following = [](int id, const char* sender) {
    NodeFacts facts = standby(id, 1);
    facts.last->receiver_status = "streaming";
    facts.last->sender_host = sender;
    facts.last->sender_port = 5432;
    return facts;
  };
  const RolePolicy elsewhere{.is_promoted_elsewhere = true};
  const RolePolicy by_standbys{.may_standbys_decide = true};
  const KnownPrimary successor{NodeId{1}, TimelineId{2}, 7, false};
  KnownPrimary with_outcast = kNode0;
  with_outcast.outcasts = {NodeId{1}};
  const std::vector<Row> rows{
      {"one timeline", {primary(0, 1), primary(1, 1)}, kNode0, {}, true, false},
      {"one timeline, one known to be wrong", {primary(0, 1), primary(1, 1)}, with_outcast, {}, false, false},
      {"left behind", {primary(1, 2), primary(0, 1)}, successor, {}, false, true},
      {"left behind, and others promote", {primary(1, 2), primary(0, 1)}, successor, elsewhere, false, true},
      {"a higher timeline where Howdah promotes", {primary(0, 1), primary(1, 2)}, kNode0, {}, false, false},
      {"a higher timeline where others promote", {primary(0, 1), primary(1, 2)}, kNode0, elsewhere, true, false},
      {"every standby follows one", {primary(0, 1), primary(1, 1), following(2, "pg0")}, kNode0, by_standbys, false, true},
      {"standbys follow both", {primary(0, 1), primary(1, 1), following(2, "pg0"), following(3, "pg1")}, kNode0, by_standbys,
       true, false},
      {"nobody to ask", {primary(0, 1), primary(1, 1)}, kNode0, by_standbys, true, false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.situation);
    const RoleVerdict verdict = detect_roles(row.nodes, row.known, row.policy);
    CHECK(verdict.is_contested == row.is_contested);
    CHECK(verdict.alarm.empty() != row.is_contested);
    REQUIRE(!verdict.misfits.empty());
    CHECK(verdict.misfits.front().is_left_behind == row.is_second_left_behind);
  }
}

TEST_CASE("a standby that receives from a false primary is a misfit") {
  NodeFacts stray = standby(2, 1);
  stray.last->receiver_status = "streaming";
  stray.last->sender_host = "pg0";
  stray.last->sender_port = 5432;
  const RoleVerdict verdict = detect_roles({primary(0, 1), primary(1, 2), stray}, {NodeId{1}, TimelineId{2}, 7, false});
  REQUIRE(verdict.misfits.size() == 2);
  CHECK(verdict.misfits[1].node == NodeId{2});
}

TEST_CASE("ALWAYS_PRIMARY is the primary whatever it says") {
  NodeFacts managed = standby(0, 1);
  managed.options.is_always_primary = true;
  CHECK(detect_roles({managed, standby(1, 1)}, kNothing).primary == NodeId{0});
}
