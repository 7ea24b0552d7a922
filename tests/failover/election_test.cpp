#include "failover/election.hpp"

#include <catch2/catch.hpp>

#include "failover/guards.hpp"

using namespace howdah;
using namespace howdah::failover;
using health::NodeCondition;
using health::NodeFacts;

namespace {

const health::KnownPrimary kKnown{NodeId{0}, TimelineId{2}, 7, false};
constexpr Instant kNow = Instant{} + 1000s;

NodeFacts standby(int id, std::uint64_t position, std::uint32_t timeline = 2) {
  NodeFacts facts{.options = {.id = NodeId{id}, .host = fmt::format("pg{}", id)}, .condition = NodeCondition::up};
  facts.answers = true;
  facts.last = health::ProbeResult{.in_recovery = true, .system_identifier = 7, .received = Lsn{position}};
  facts.last_asked_at = kNow;
  facts.timeline = TimelineId{timeline};
  facts.position = Lsn{position};
  return facts;
}
NodeFacts dead(NodeFacts facts) {
  facts.answers = false;
  facts.condition = NodeCondition::down;
  return facts;
}
NodeFacts receiving(NodeFacts facts, Duration age = 0s, std::string sender = "pg0") {
  facts.last->receiver_status = "streaming";
  facts.last->last_message_age = age;
  facts.last->sender_host = std::move(sender);
  facts.last->sender_port = 5432;
  return facts;
}
std::optional<NodeId> winner_of(const std::vector<NodeFacts>& nodes) {
  const auto choice = elect(list_candidates(nodes, kKnown));
  return choice ? std::optional(choice->node) : std::nullopt;
}
std::string why(const std::vector<NodeFacts>& nodes) { return elect(list_candidates(nodes, kKnown))->why; }

const GuardOptions kGuard{.asked_after = kNow - 1s};
GuardOptions pinged(Duration ago, Instant silent_since = kNow - 20s) {
  GuardOptions guard{.asked_after = silent_since};
  guard.ping_of = [ago](NodeId) { return Ping{.since = kNow - ago, .after = 1s, .patience = 4s}; };
  return guard;
}
GuardOptions pinged_before() { return pinged(6s, kNow - 1s); }

}  // namespace

TEST_CASE("the most advanced fit standby is elected") {
  NodeFacts foreign = standby(2, 99);
  foreign.last->system_identifier = 8;
  NodeFacts barred = standby(2, 99);
  barred.options.may_fail_over = false;
  NodeFacts detached = standby(2, 99);
  detached.condition = NodeCondition::detached;
  NodeFacts down_but_answering = standby(2, 99);
  down_but_answering.condition = NodeCondition::down;

  CHECK(winner_of({standby(1, 10), standby(2, 11)}) == NodeId{2});
  CHECK(winner_of({standby(1, 10), standby(2, 10)}) == NodeId{1});
  CHECK(winner_of({standby(1, 10, 3), standby(2, 99, 2)}) == NodeId{1});
  CHECK(winner_of({standby(1, 10), standby(2, 99, 1)}) == NodeId{1});
  CHECK(winner_of({standby(1, 10), dead(standby(2, 99))}) == NodeId{1});
  CHECK(winner_of({standby(1, 10), foreign}) == NodeId{1});
  CHECK(winner_of({standby(1, 10), barred}) == NodeId{1});
  CHECK(winner_of({standby(1, 10), detached}) == NodeId{1});
  CHECK(winner_of({standby(1, 10), down_but_answering}) == NodeId{2});
  CHECK_FALSE(winner_of({standby(0, 10), dead(standby(2, 99))}).has_value());
}

TEST_CASE("why a standby was chosen is told against the next best") {
  CHECK(why({standby(1, 10), standby(2, 16), standby(3, 15)}) == "most advanced: 0/10, 1 bytes beyond node 3");
  CHECK(why({standby(1, 10), standby(2, 10), standby(3, 9)}) == "as advanced as node 2 and of the lower id: 0/A");
  CHECK(why({standby(1, 10, 3), standby(2, 99, 2)}) == "on timeline 3, node 2 is on 2");
  CHECK(why({standby(1, 10), dead(standby(2, 99))}) == "the only standby that may be elected");
}

TEST_CASE("what forbids a promotion") {
  NodeFacts unasked = standby(2, 10);
  unasked.last_asked_at = kNow - 2s;
  NodeFacts struggling = standby(2, 10);
  struggling.answers = false;
  struggling.condition = NodeCondition::suspect;
  struggling.trouble_since = kNow - 2s;
  NodeFacts long_struggling = struggling;
  long_struggling.trouble_since = kNow - 60s;

  struct Row {
    const char* situation;
    std::vector<NodeFacts> nodes;
    GuardOptions guard;
    bool is_allowed;
  };
  const std::vector<Row> rows{
      {"all answer and none receives", {standby(1, 10), standby(2, 10)}, kGuard, true},
      {"one is dead", {standby(1, 10), dead(standby(2, 10))}, kGuard, true},
      {"one has not been asked since", {standby(1, 10), unasked}, kGuard, false},
      {"one is still being judged", {standby(1, 10), struggling}, kGuard, false},
      {"one has been in trouble for long", {standby(1, 10), long_struggling}, kGuard, true},
      {"one receives", {standby(1, 10), receiving(standby(2, 10))}, kGuard, false},
      {"one receives, silent for long, but was not made to ping", {standby(1, 10), receiving(standby(2, 10), 30s)}, kGuard, false},
      {"made to ping a moment ago", {standby(1, 10), receiving(standby(2, 10), 30s)}, pinged(2s), false},
      {"made to ping and silent since", {standby(1, 10), receiving(standby(2, 10), 30s)}, pinged(6s), true},
      {"made to ping in an earlier silence", {standby(1, 10), receiving(standby(2, 10), 30s)}, pinged_before(), false},
      {"made to ping and heard something since", {standby(1, 10), receiving(standby(2, 10), 3s)}, pinged(6s), false},
      {"receives from another standby", {standby(1, 10), receiving(standby(2, 10), 0s, "pg1")}, kGuard, true},
      {"nobody is left", {dead(standby(1, 10)), dead(standby(2, 10))}, kGuard, false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.situation);
    CHECK(object_to_promotion(row.nodes, kKnown, row.guard, kNow).has_value() != row.is_allowed);
  }
}
