#include "gateway/session/replay_obstacle.hpp"

#include <catch2/catch.hpp>

#include "sql_router/classifier.hpp"

using namespace howdah;

TEST_CASE("what may come out the same and yet do something else is not run again") {
  using enum ReplayObstacle;
  struct Row {
    const char* sql;
    ReplayObstacle obstacle;
  };
  const Row row = GENERATE(Catch::Generators::values<Row>({
      {"BEGIN ISOLATION LEVEL REPEATABLE READ", none},
      {"SELECT * FROM t WHERE id = 1 FOR UPDATE", none},
      {"UPDATE t SET a = a + 1 RETURNING a", none},
      {"INSERT INTO t VALUES (now(), random())", none},  // what the client is shown of it is compared
      {"SELECT now(), clock_timestamp(), random()", none},
      {"SAVEPOINT s", none},
      {"ROLLBACK TO s", none},
      {"SET LOCAL work_mem = '1MB'", none},
      {"DECLARE c CURSOR FOR SELECT 1", none},
      {"NOTIFY c", none},
      {"COMMIT", none},
      {"ROLLBACK", none},
      {"BEGIN; INSERT INTO t VALUES (1)", several},
      {"COMMIT; BEGIN", several},
      {"COMMIT AND CHAIN", none},
      {"ROLLBACK AND CHAIN", chained},
      {"PREPARE TRANSACTION 'x'", two_phase},
      {"COMMIT PREPARED 'x'", two_phase},
      {"SET TRANSACTION SNAPSHOT '1-1'", snapshot},
      {"COPY t FROM STDIN", copy},
      {"COPY t TO STDOUT", copy},
      {"COPY t TO PROGRAM 'cat'", copy},
      {"FETCH 1 FROM c", cursor},
      {"MOVE 1 FROM c", cursor},
      {"PREPARE p AS SELECT 1", names},
      {"DEALLOCATE p", names},
      {"DEALLOCATE ALL", names},
      {"SELECT pg_backend_pid()", node_bound},
      {"SELECT pg_is_in_recovery()", node_bound},
      {"SELECT pg_advisory_xact_lock(1)", node_bound},
      {"SELECT txid_current_snapshot()", node_bound},
      {"SELECT nobody_knows_this(1)", node_bound},
      {"INSERT INTO t SELECT 1 FROM nobody_knows_this(1)", node_bound},
  }));
  INFO(row.sql);
  CHECK(to_text(obstacle_of(classify(row.sql, {}))) == to_text(row.obstacle));
}

TEST_CASE("an operator's list of writing functions keeps transactions that call them from being run again") {
  RoutingOptions options;
  options.write_function_list = {*Pattern::compile("lower")};
  CHECK(obstacle_of(classify("SELECT lower('A')", {})) == ReplayObstacle::none);
  CHECK(obstacle_of(classify("SELECT lower('A')", options)) == ReplayObstacle::node_bound);
}

TEST_CASE("only the end of a transaction may end it") {
  CHECK(may_end_transaction(TransactionControl::commit));
  CHECK(may_end_transaction(TransactionControl::rollback));
  CHECK(may_end_transaction(TransactionControl::commit_and_chain));
  CHECK(may_end_transaction(TransactionControl::prepare_transaction));
  CHECK_FALSE(may_end_transaction(TransactionControl::rollback_to));
  CHECK_FALSE(may_end_transaction(TransactionControl::begin));
  CHECK_FALSE(may_end_transaction(TransactionControl::none));
}
