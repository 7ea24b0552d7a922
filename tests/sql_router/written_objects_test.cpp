#include "sql_router/written_objects.hpp"

#include <catch2/catch.hpp>

#include "sql_router/classifier.hpp"
#include "sql_router/router.hpp"

using namespace howdah;

namespace {

bool concerns(const char* write, const char* read, const ObjectRelationships& relationships = {}) {
  WrittenObjects written;
  written.add(classify(write, {}), relationships);
  return written.concern(classify(read, {}));
}

}  // namespace

TEST_CASE("a read is concerned by writes of what it names, by any schema the name may mean") {
  CHECK(concerns("INSERT INTO t1 VALUES (1)", "SELECT * FROM t1"));
  CHECK_FALSE(concerns("INSERT INTO t1 VALUES (1)", "SELECT * FROM t2"));
  CHECK(concerns("UPDATE public.t1 SET a = 1", "SELECT * FROM t2 JOIN t1 USING (id)"));
  CHECK(concerns("UPDATE t1 SET a = 1", "SELECT * FROM other.t1"));
  CHECK_FALSE(concerns("UPDATE public.t1 SET a = 1", "SELECT * FROM other.t1"));
  CHECK(concerns("DELETE FROM t1 USING t2", "SELECT * FROM t2"));
  CHECK_FALSE(concerns("INSERT INTO t1 VALUES (1)", "SELECT 1"));
}

TEST_CASE("the list makes dependents count, and theirs") {
  const auto listed = relationships_of({"t1:t2", " t2 : t3", "f():t4"});
  REQUIRE(listed.has_value());
  CHECK(concerns("INSERT INTO t1 VALUES (1)", "SELECT * FROM t2", *listed));
  CHECK(concerns("INSERT INTO t1 VALUES (1)", "SELECT * FROM t3", *listed));
  CHECK_FALSE(concerns("INSERT INTO t2 VALUES (1)", "SELECT * FROM t1", *listed));
  CHECK(concerns("SELECT f()", "SELECT * FROM t4", *listed));
  CHECK_FALSE(concerns("SELECT f()", "SELECT * FROM t1", *listed));
  const auto circular = relationships_of({"a:b", "b:a"});
  CHECK(concerns("INSERT INTO a VALUES (1)", "SELECT * FROM b", *circular));
}

TEST_CASE("what may have written anything concerns every read") {
  for (const char* write : {"SELECT g()", "INSERT INTO t1 SELECT g()", "DO $$ $$", "CALL p()", "nonsense",
                            "INSERT INTO t1 VALUES (1); INSERT INTO t2 VALUES (1)", "COMMIT PREPARED 'x'"}) {
    CAPTURE(write);
    CHECK(concerns(write, "SELECT * FROM quite_another"));
  }
}

TEST_CASE("what is no pair is an error") {
  for (const char* item : {"a", "a:", ":b", " : "}) {
    CAPTURE(item);
    CHECK(relationships_of({item}).has_error());
  }
}

TEST_CASE("dml_adaptive lets reads of untouched tables go to a standby at once") {
  ClusterView view;
  for (int i = 0; i < 2; ++i) {
    NodeView node{.id = NodeId{i}, .host = "db", .port = 5432, .weight = i == 0 ? 0.0 : 1.0};
    node.state = NodeState::up;
    node.role = i == 0 ? Role::primary : Role::standby;
    view.nodes.push_back(node);
  }
  view.primary = NodeId{0};
  RoutingOptions options;
  options.disable_load_balance_on_write = WriteEffect::dml_adaptive;
  WrittenObjects written;
  written.add(classify("INSERT INTO t1 VALUES (1)", options), {});
  SessionFacts facts;
  facts.wrote_at = Instant{1ms};
  facts.written_objects = &written;
  Rng rng(1);
  CHECK(decide(classify("SELECT * FROM t2", options), facts, view, options, rng).node == NodeId{1});
  CHECK(decide(classify("SELECT * FROM t1", options), facts, view, options, rng).node == NodeId{0});
  options.disable_load_balance_on_write = WriteEffect::transaction;
  CHECK(decide(classify("SELECT * FROM t2", options), facts, view, options, rng).node == NodeId{0});
}
