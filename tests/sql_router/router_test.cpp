// What the routing scripts cannot say: shares, remembered draws, and the small helpers.
#include "sql_router/router.hpp"

#include <catch2/catch.hpp>

#include <map>

#include "routing_script.hpp"
#include "sql_router/classifier.hpp"

using namespace howdah;
using namespace howdah::test;

namespace {

const Traits kRead = classify("SELECT 1", {});

std::map<int, int> draws(const ClusterView& view, int count) {
  RoutingOptions options;
  options.statement_level_load_balance = true;
  Rng rng(7);
  std::map<int, int> counts;
  for (int i = 0; i < count; ++i) ++counts[decide(kRead, {}, view, options, rng).node->value];
  return counts;
}

}  // namespace

TEST_CASE("reads are shared by weight, the primary among them") {
  ClusterView view = three_nodes();
  view.nodes[0].weight = 1;
  view.nodes[1].weight = 2;
  view.nodes[2].weight = 5;
  auto counts = draws(view, 8'000);
  CHECK(counts[0] == Approx(1'000).margin(150));
  CHECK(counts[1] == Approx(2'000).margin(150));
  CHECK(counts[2] == Approx(5'000).margin(150));

  view.nodes[2].state = NodeState::down;
  counts = draws(view, 3'000);
  CHECK(counts[0] == Approx(1'000).margin(150));
  CHECK(counts[1] == Approx(2'000).margin(150));
  CHECK(counts[2] == 0);
}

TEST_CASE("a session draws once, and anew when its node is gone") {
  ClusterView view = three_nodes();
  SessionFacts facts;
  Rng rng(1);
  const Decision first = decide(kRead, facts, view, {}, rng);
  REQUIRE(first.drawn.has_value());
  CHECK(first.drawn == first.node);
  facts.load_balance_node = first.drawn;
  for (int i = 0; i < 20; ++i) {
    const Decision next = decide(kRead, facts, view, {}, rng);
    CHECK(next.node == first.node);
    CHECK_FALSE(next.drawn.has_value());
  }
  view.nodes.at(static_cast<std::size_t>(first.node->value)).state = NodeState::down;
  const Decision moved = decide(kRead, facts, view, {}, rng);
  CHECK(moved.node != first.node);
  CHECK(moved.drawn == moved.node);
}

TEST_CASE("a statement-level draw is not the session's") {
  RoutingOptions options;
  options.statement_level_load_balance = true;
  Rng rng(1);
  CHECK_FALSE(decide(kRead, {}, three_nodes(), options, rng).drawn.has_value());
}

TEST_CASE("among equally delayed standbys the weights decide") {
  ClusterView view = three_nodes();
  view.nodes.push_back(view.nodes[2]);
  view.nodes[3].id = NodeId{3};
  view.nodes[1].lag_bytes = 5'000;
  view.nodes[2].lag_bytes = view.nodes[3].lag_bytes = 10;
  view.nodes[2].weight = 0;
  RoutingOptions options;
  options.delay_threshold = 1'000;
  options.prefer_lower_delay_standby = true;
  SessionFacts facts;
  facts.load_balance_node = NodeId{1};
  Rng rng(3);
  for (int i = 0; i < 20; ++i) CHECK(decide(kRead, facts, view, options, rng).node == NodeId{3});
}

TEST_CASE("a bound is known once the primary was asked after the write") {
  ClusterView view = three_nodes();
  CHECK_FALSE(bound_from(view, Instant{10ms}).has_value());
  view.primary_sample = PrimarySample{Instant{10ms}, Lsn{100}};
  CHECK_FALSE(bound_from(view, Instant{10ms}).has_value());
  CHECK(bound_from(view, Instant{9ms}) == Lsn{100});
}

TEST_CASE("a bound is over when every usable standby has replayed it") {
  ClusterView view = three_nodes();
  view.nodes[1].replayed = Lsn{100};
  view.nodes[2].replayed = Lsn{99};
  CHECK_FALSE(have_all_replayed(view, Lsn{100}));
  view.nodes[2].state = NodeState::down;
  CHECK(have_all_replayed(view, Lsn{100}));
  view.nodes[1].timeline = TimelineId{2};
  CHECK_FALSE(have_all_replayed(view, Lsn{100}));
}

TEST_CASE("a batch goes where its strictest statement must") {
  const Traits write = classify("INSERT INTO t VALUES (1)", {});
  const Traits other = classify("SELECT 2", {});
  const Traits* const reads[] = {&kRead, &other};
  CHECK(&combine(reads, {}, ReadConsistency::session, {}) == &kRead);
  const Traits* const mixed[] = {&kRead, &write, &other};
  CHECK(&combine(mixed, {}, ReadConsistency::session, {}) == &write);
}

TEST_CASE("the statement of a batch that must see most decides where the reads go") {
  const Traits eventual = classify("/*howdah: read_consistency=eventual*/ SELECT 1", {});
  const Traits global = classify("/*howdah: read_consistency=global*/ SELECT 1", {});
  const Traits* with_global[] = {&eventual, &kRead, &global};
  CHECK(&combine(with_global, {}, ReadConsistency::session, {}) == &global);
  const Traits* without_hint[] = {&eventual, &kRead};
  CHECK(&combine(without_hint, {}, ReadConsistency::session, {}) == &kRead);
}

TEST_CASE("a batch that begins a transaction goes where that must") {
  const Traits begin = classify("BEGIN", {});
  const Traits global = classify("/*howdah: read_consistency=global*/ SELECT 1", {});
  const Traits* const begins[] = {&kRead, &begin};
  CHECK(&combine(begins, {}, ReadConsistency::session, {}) == &begin);
  const Traits* const demanding[] = {&begin, &global};
  CHECK_FALSE(combine(demanding, {}, ReadConsistency::session, {}).verdict.may_use_replica);
}

TEST_CASE("with dml_adaptive the reads of a batch wait for what any of them names") {
  const Traits other = classify("SELECT * FROM t2", {});
  const Traits touched = classify("SELECT * FROM t1", {});
  const Traits* const batch[] = {&other, &touched, &other};
  RoutingOptions options;
  const WrittenObjects written{.names = {"t1"}};
  CHECK(&combine(batch, options, ReadConsistency::session, written) == &other);
  options.disable_load_balance_on_write = WriteEffect::dml_adaptive;
  CHECK(&combine(batch, options, ReadConsistency::session, written) == &touched);
}
