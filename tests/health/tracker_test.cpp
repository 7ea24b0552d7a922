#include "health/tracker.hpp"

#include <catch2/catch.hpp>

using namespace howdah;
using namespace howdah::health;
using enum NodeCondition;

namespace {

// One node and a clock; answers and failures arrive 1 ms after the question.
struct Bench {
  explicit Bench(NodeOptions node = {}, HealthOptions options = {}) : tracker([&] {
    node.id = NodeId{0};
    options.nodes = {node};
    return options;
  }(), log) {
    tick(0ms);
  }

  void tick(Duration later) {
    now += later;
    tracker.on(Tick{}, now, actions);
  }
  void answer(bool in_recovery = true, std::string receiver = "streaming", TimelineId timeline = {1}) {
    ProbeResult result{.in_recovery = in_recovery, .system_identifier = 7, .timeline = timeline, .replayed = Lsn{100}};
    result.receiver_status = std::move(receiver);
    result.received_timeline = timeline;
    tracker.on(ProbeAnswered{NodeId{0}, result, now}, now + 1ms, actions);
  }
  void fail(FailureKind kind) { tracker.on(ProbeFailed{NodeId{0}, kind, "", now}, now + 1ms, actions); }
  void traffic(FailureKind kind) { tracker.on(TrafficFailed{NodeId{0}, kind}, now, actions); }
  bool is_asked(bool is_fresh) {
    bool found = false;
    for (const HealthAction& action : actions)
      if (const auto* probe = std::get_if<Probe>(&action)) found = found || probe->is_fresh == is_fresh;
    actions.clear();
    return found;
  }
  NodeCondition condition() const { return tracker.nodes()[0].condition; }

  NullLog log;
  Instant now = Instant{} + 1000s;
  Actions<HealthAction> actions;
  Tracker tracker;
};

NodeOptions with_retries(int retries) { return {.max_retries = retries, .retry_delay = 1s}; }

}  // namespace

TEST_CASE("what a failed probe of a node in use makes of it") {
  struct Row {
    FailureKind kind;
    NodeCondition expected;
  };
  const Row row = GENERATE(values<Row>({{FailureKind::refused, suspect},
                                        {FailureKind::timeout, suspect},
                                        {FailureKind::other, suspect},
                                        {FailureKind::starting_up, restarting},
                                        {FailureKind::shutting_down, restarting},
                                        {FailureKind::crash_restart, restarting},
                                        {FailureKind::login_failed, waiting},
                                        {FailureKind::slots_exhausted, waiting}}));
  CAPTURE(to_text(row.kind));
  Bench bench(with_retries(3));
  bench.answer();
  bench.tick(1s);
  bench.fail(row.kind);
  CHECK(bench.condition() == row.expected);
}

TEST_CASE("a node is down after the first failure and all its retries, not before") {
  Bench bench(with_retries(2));
  bench.answer();
  for (int attempt = 1; attempt <= 3; ++attempt) {
    CHECK(bench.condition() != down);
    bench.tick(1s);
    bench.fail(FailureKind::timeout);
  }
  CHECK(bench.condition() == down);
}

TEST_CASE("with health_check_period 0 failed probes alone never put a node down") {
  NodeOptions node = with_retries(0);
  node.check_period = 0s;
  Bench bench(node);
  bench.answer();
  for (int i = 0; i < 10; ++i) {
    bench.tick(2s);
    bench.fail(FailureKind::refused);
  }
  CHECK(bench.condition() == suspect);
}

TEST_CASE("a client's error makes the tracker ask over a new connection and decides nothing by itself") {
  Bench bench(with_retries(3));
  bench.answer();
  bench.tick(400ms);
  bench.is_asked(false);
  bench.traffic(FailureKind::refused);
  CHECK(bench.is_asked(true));
  CHECK(bench.condition() == waiting);
}

TEST_CASE("a client's refused connection, confirmed, needs no retries if failover_on_backend_error says so") {
  const bool is_on = GENERATE(true, false);
  Bench bench(with_retries(3), {.failover_on_backend_error = is_on});
  bench.answer();
  bench.tick(400ms);
  bench.traffic(FailureKind::refused);
  bench.fail(FailureKind::refused);
  CHECK(bench.condition() == (is_on ? down : suspect));
}

TEST_CASE("a kept connection that breaks is followed by a question over a new one before anything is judged") {
  Bench bench(with_retries(0));
  bench.answer();
  bench.is_asked(false);
  bench.fail(FailureKind::lost);
  CHECK(bench.condition() == waiting);
  CHECK(bench.is_asked(true));
}

TEST_CASE("a new connection that breaks is tried again within milliseconds, then ever more slowly, until it counts as a failure") {
  Bench bench(with_retries(0));
  bench.answer();
  bench.fail(FailureKind::lost);
  int tries = 0;
  for (Duration after = 5ms; bench.condition() != down; after = std::min(after * 2, Duration{100ms})) {
    REQUIRE(++tries < 20);
    bench.is_asked(true);
    bench.fail(FailureKind::lost);
    if (bench.condition() == down) break;
    CHECK(bench.condition() == suspect);
    bench.tick(after);
    CHECK_FALSE(bench.is_asked(true));
    bench.tick(1ms);  // the failure came 1 ms after the question
    CHECK(bench.is_asked(true));
  }
  CHECK(tries == 9);
}

TEST_CASE("a node that is down is knocked at quickly, but not faster than its distance allows") {
  struct Row {
    Duration answered_after, connect_limit;  // 0: never answered; no limit but the answer's
  };
  const Row row = GENERATE(values<Row>({{1ms, 80ms}, {70ms, 280ms}, {0ms, 0ms}}));
  Bench bench(with_retries(0));
  if (row.answered_after > 0ms)
    bench.tracker.on(ProbeAnswered{NodeId{0}, {.in_recovery = true}, bench.now}, bench.now + row.answered_after, bench.actions);
  bench.fail(FailureKind::refused);
  REQUIRE(bench.condition() == down);
  bench.actions.clear();
  bench.tick(1s);
  REQUIRE(bench.actions.size() == 1);
  CHECK(std::get<Probe>(*bench.actions.begin()).connect_timeout == row.connect_limit);
}

TEST_CASE("a down standby returns when it streams from the primary, twice seen") {
  struct Row {
    bool auto_failback, in_recovery;
    std::string receiver;
    TimelineId timeline;
    bool returns;
  };
  const Row row = GENERATE(values<Row>({{true, true, "streaming", {2}, true},
                                        {false, true, "streaming", {2}, false},
                                        {true, false, "", {2}, false},
                                        {true, true, "", {2}, false},
                                        {true, true, "streaming", {1}, false}}));
  Bench bench(with_retries(0), {.auto_failback = row.auto_failback});
  bench.fail(FailureKind::refused);
  REQUIRE(bench.condition() == down);
  bench.tracker.set_primary_timeline(TimelineId{2});
  bench.tick(1s);
  bench.answer(row.in_recovery, row.receiver, row.timeline);
  CHECK(bench.condition() == down);
  bench.tick(1s);
  bench.answer(row.in_recovery, row.receiver, row.timeline);
  CHECK((bench.condition() == waiting) == row.returns);
}

TEST_CASE("two returns of one node are at least auto_failback_interval apart") {
  Bench bench(with_retries(0), {.auto_failback_interval = 60s});
  const auto die_and_answer = [&] {
    bench.tick(1s);
    bench.fail(FailureKind::refused);
    for (int i = 0; i < 3; ++i) {
      bench.tick(1s);
      bench.answer();
    }
  };
  bench.answer();
  die_and_answer();
  CHECK(bench.condition() == waiting);
  die_and_answer();
  CHECK(bench.condition() == down);
  bench.tick(60s);
  bench.answer();
  CHECK(bench.condition() == waiting);
}

TEST_CASE("a node an operator took out answers and stays out until it is attached") {
  Bench bench;
  bench.answer();
  bench.tracker.on(OperatorDetach{NodeId{0}}, bench.now, bench.actions);
  for (int i = 0; i < 5; ++i) {
    bench.tick(1s);
    bench.answer();
  }
  CHECK(bench.condition() == detached);
  bench.tracker.on(OperatorAttach{NodeId{0}}, bench.now, bench.actions);
  CHECK(bench.condition() == waiting);
}

TEST_CASE("a standby that has not answered for a second gets no reads meanwhile") {
  Bench bench(with_retries(5));
  bench.answer();
  bench.tick(600ms);  // asks
  bench.tick(999ms);
  CHECK(bench.condition() == waiting);
  bench.tick(1ms);
  CHECK(bench.condition() == suspect);
  bench.answer();
  CHECK(bench.condition() == waiting);
}

TEST_CASE("a standby that was rebuilt from an older timeline is not remembered on the newer one") {
  Bench bench;
  bench.answer(true, "streaming", TimelineId{2});
  bench.tick(1s);
  bench.answer(true, "", TimelineId{1});  // its control file is late
  CHECK(bench.tracker.nodes()[0].timeline == TimelineId{2});
  bench.tick(1s);
  bench.fail(FailureKind::refused);
  bench.tick(1s);
  bench.answer(true, "", TimelineId{1});
  CHECK(bench.tracker.nodes()[0].timeline == TimelineId{1});
}

TEST_CASE("checks are counted with their retries") {
  Bench bench(with_retries(1));
  bench.answer();
  bench.tick(1s);
  bench.fail(FailureKind::timeout);
  bench.tick(1s);
  bench.fail(FailureKind::timeout);
  bench.tick(1s);
  bench.fail(FailureKind::timeout);
  const HealthCheckStats& stats = bench.tracker.nodes()[0].stats;
  CHECK(stats.total == stats.succeeded + stats.failed + stats.skipped);
  CHECK(stats.succeeded == 1);
  CHECK(stats.failed == 1);
  CHECK(stats.skipped == 1);
  CHECK(stats.retries == 1);
  CHECK(stats.most_retries == 1);
}
