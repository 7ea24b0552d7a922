#include "health/tracker.hpp"

#include <catch2/catch.hpp>

using namespace howdah;
using namespace howdah::health;
using enum NodeCondition;

namespace {

// The profile `fast`: suspect after 400 ms, down after 1.1 s.
NodeOptions fast() { return {.id = NodeId{0}, .check_timeout = 1100ms, .answer_deadline = 400ms, .is_silence_final = true}; }

struct SilenceBench {
  explicit SilenceBench(NodeOptions node = fast()) : tracker({.nodes = {node}, .probe_period = 100ms}, log) {
    pass(0ms);
    answer(asked());
  }

  // Time passes as in the shell: every deadline has its Tick.
  void pass(Duration duration) {
    const Instant end = now + duration;
    for (auto due = tracker.next_deadline(); due && *due <= end; due = tracker.next_deadline()) tick(std::max(*due, now));
    tick(end);
  }
  void tick(Instant at) {
    now = at;
    tracker.on(Tick{}, now, actions);
  }
  // The newest question; nothing if there was none since the last call.
  std::optional<Probe> asked(bool is_knock = false) {
    std::optional<Probe> found;
    for (const HealthAction& action : actions)
      if (const auto* probe = std::get_if<Probe>(&action); probe != nullptr && probe->is_knock == is_knock) found = *probe;
    if (found && !is_knock) actions.clear();
    return found;
  }
  void answer(const std::optional<Probe>& probe) {
    REQUIRE(probe);
    tracker.on(ProbeAnswered{NodeId{0}, {.system_identifier = 7, .timeline = {1}}, now, probe->is_knock}, now, actions);
  }
  void fail(FailureKind kind, bool is_knock = false) {
    tracker.on(ProbeFailed{NodeId{0}, kind, "", now, is_knock}, now, actions);
  }
  // The next question is asked, and from now on there is silence.
  void fall_silent() {
    pass(100ms);
    REQUIRE(asked());
  }
  NodeCondition condition() const { return tracker.nodes()[0].condition; }

  NullLog log;
  Instant now = Instant{} + 1000s;
  Actions<HealthAction> actions;
  Tracker tracker;
};

}  // namespace

TEST_CASE("a silent node is suspect at its deadline and down at its limit, not before") {
  SilenceBench bench;
  bench.fall_silent();
  bench.pass(399ms);
  CHECK(bench.condition() == waiting);
  bench.pass(1ms);
  CHECK(bench.condition() == suspect);
  bench.pass(699ms);
  CHECK(bench.condition() == suspect);
  bench.pass(1ms);
  CHECK(bench.condition() == down);
  CHECK_FALSE(bench.tracker.nodes()[0].answers);
  CHECK(bench.tracker.nodes()[0].stats.failed == 1);
}

TEST_CASE("a silent node is knocked at once, over a new connection beside the silent one") {
  SilenceBench bench;
  bench.fall_silent();
  bench.pass(400ms);
  const auto knock = bench.asked(true);
  REQUIRE(knock);
  CHECK(knock->is_fresh);
  CHECK(knock->timeout == 700ms);
  bench.actions.clear();
  bench.pass(300ms);
  CHECK_FALSE(bench.asked(true));
}

TEST_CASE("a pause of a second makes no node go down") {
  SilenceBench bench;
  bench.fall_silent();
  const Instant asked_at = bench.now;
  bench.pass(1s);
  CHECK(bench.condition() == suspect);
  bench.tracker.on(ProbeAnswered{NodeId{0}, {.system_identifier = 7}, asked_at}, bench.now, bench.actions);
  CHECK(bench.condition() == waiting);
}

TEST_CASE("an answer to the knock clears the node while its first connection stays stuck") {
  SilenceBench bench;
  bench.fall_silent();
  const Instant asked_at = bench.now;
  bench.pass(400ms);
  bench.answer(bench.asked(true));
  CHECK(bench.condition() == waiting);
  bench.pass(700ms);
  CHECK(bench.condition() == waiting);
  bench.tracker.on(ProbeFailed{NodeId{0}, FailureKind::timeout, "", asked_at}, bench.now, bench.actions);
  CHECK(bench.condition() == waiting);
  bench.actions.clear();
  bench.pass(100ms);
  CHECK(bench.asked());  // and the checks go on
}

TEST_CASE("what the knock is told counts: refused is dead, restarting is waited for") {
  struct Row {
    FailureKind kind;
    NodeCondition expected;
  };
  const Row row = GENERATE(values<Row>({{FailureKind::refused, down},
                                        {FailureKind::crash_restart, restarting},
                                        {FailureKind::slots_exhausted, waiting},
                                        {FailureKind::timeout, suspect},
                                        {FailureKind::lost, suspect}}));
  CAPTURE(to_text(row.kind));
  NodeOptions node = fast();
  node.max_retries = 0;
  SilenceBench bench(node);
  bench.fall_silent();
  bench.pass(400ms);
  bench.fail(row.kind, true);
  CHECK(bench.condition() == row.expected);
}

TEST_CASE("bytes for clients are signs of life: silence is measured from the last of them") {
  SilenceBench bench;
  bench.fall_silent();
  for (int i = 0; i < 20; ++i) {
    bench.pass(100ms);
    bench.tracker.hear(NodeId{0}, bench.now);
    CHECK(bench.condition() == waiting);
  }
  bench.pass(400ms);
  CHECK(bench.condition() == suspect);
  bench.tracker.hear(NodeId{0}, bench.now + 1ms);
  bench.pass(2ms);
  CHECK(bench.condition() == waiting);
  bench.pass(398ms);
  CHECK(bench.condition() == waiting);
  bench.pass(701ms);
  CHECK(bench.condition() == down);
}

TEST_CASE("bytes for clients do not make a node live that refuses connections") {
  NodeOptions node = fast();
  node.max_retries = 5;
  SilenceBench bench(node);
  bench.pass(100ms);
  bench.fail(FailureKind::refused);
  REQUIRE(bench.condition() == suspect);
  bench.pass(200ms);
  bench.tracker.hear(NodeId{0}, bench.now);
  bench.pass(200ms);
  CHECK(bench.condition() == suspect);
}

TEST_CASE("after a standstill of Howdah itself nobody is given up at once") {
  SilenceBench bench;
  bench.fall_silent();
  bench.tick(bench.now + 5s);
  CHECK(bench.condition() == suspect);
  bench.tick(bench.now + 699ms);
  CHECK(bench.condition() == suspect);
  bench.tick(bench.now + 1ms);
  CHECK(bench.condition() == down);
}

TEST_CASE("silence alone puts down nobody who may not fail over, or is not checked") {
  NodeOptions node = fast();
  SECTION("DISALLOW_TO_FAILOVER") { node.may_fail_over = false; }
  SECTION("health_check_period = 0") { node.check_period = 0s; }
  SilenceBench bench(node);
  bench.fall_silent();
  bench.pass(10s);
  CHECK(bench.condition() == suspect);
}
