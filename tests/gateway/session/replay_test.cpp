// Transactions whose server dies under them, run again on another: what the client sees, and what the new server is asked.
#include "tests/support/gateway/outage.hpp"

using namespace howdah;
using namespace howdah::test;

TEST_CASE("an open transaction whose primary dies goes on on the next one, and its client does not notice") {
  Outage outage;
  CHECK(outage.say({"Q BEGIN ISOLATION LEVEL REPEATABLE READ"}) == "CZT");
  CHECK(outage.say({"Q SELECT 'me' FROM t2 FOR UPDATE"}) == "TDDCZT");
  CHECK(outage.say({"Q INSERT INTO t VALUES ('me')"}) == "CZT");
  outage.fail_over();
  CHECK(outage.heard() == "");
  CHECK(ends_with(outage.asked_of_new(), {"BEGIN ISOLATION LEVEL REPEATABLE READ", "SELECT 'me' FROM t2 FOR UPDATE",
                                          "INSERT INTO t VALUES ('me')"}));
  CHECK(outage.say({"Q SELECT 'me' FROM t1 FOR UPDATE"}) == "TDCZT");
  CHECK(outage.say({"Q COMMIT"}) == "CZI");
  CHECK(outage.world.leased_count() == 0);
  CHECK(outage.world.problems().empty());
}

TEST_CASE("the statement that was under way when the primary died is answered by the next one") {
  const bool is_extended = GENERATE(false, true);
  const int delivered = GENERATE(0, 1, 2, 3, 4, 5);  // messages of its answer
  CAPTURE(is_extended, delivered);
  Outage outage;
  outage.say({"Q BEGIN"});
  outage.say({"Q INSERT INTO t VALUES ('me')"});
  if (is_extended) {
    outage.send({"P |SELECT 'me' FROM t3 FOR UPDATE", "B |", "D P|", "E |0", "S"});
  } else {
    outage.send({"Q SELECT 'me' FROM t3 FOR UPDATE"});
  }
  for (int i = 0; i < delivered; ++i) REQUIRE(outage.world.step());
  outage.fail_over();
  CHECK(outage.heard() == (is_extended ? "12TDDDCZT" : "TDDDCZT"));
  CHECK(outage.say({"Q COMMIT"}) == "CZI");
  CHECK(outage.world.problems().empty());
}

TEST_CASE("a transaction that comes out differently gets 40001 once, and is shown as failed until it ends") {
  Outage outage;
  outage.say({"Q BEGIN"});
  CHECK(outage.say({"Q SELECT 'me', version FROM node FOR UPDATE"}) == "TDCZT");
  const bool is_busy = GENERATE(false, true);
  if (is_busy) outage.send({"Q INSERT INTO t VALUES ('me')"});
  outage.fail_over();
  CHECK(outage.heard() == (is_busy ? "E40001ZE" : ""));
  CHECK(outage.say({"Q INSERT INTO t VALUES ('me')"}) == (is_busy ? "E25P02ZE" : "E40001ZE"));
  CHECK(outage.say({"Q SELECT 'me' FROM t1"}) == "E25P02ZE");
  CHECK(outage.say({"Q ROLLBACK"}) == "CZI");
  CHECK(outage.say({"Q SELECT 'me' FROM t1"}) == "TDCZI");
  CHECK(outage.world.writes() == 0);
  CHECK(outage.world.problems().empty());
}

TEST_CASE("COMMIT is not sent before everything the client was shown has come again") {
  Outage outage;
  outage.say({"Q BEGIN"});
  outage.say({"Q INSERT INTO t VALUES ('me')"});
  outage.say({"Q SELECT 'me', version FROM node FOR UPDATE"});
  outage.lose_primary();
  outage.send({"Q COMMIT"});
  outage.promote();
  CHECK(outage.heard() == "E40001ZI");
  const auto asked = outage.asked_of_new();
  CHECK(std::count(asked.begin(), asked.end(), "COMMIT") == 0);
  CHECK(std::count(asked.begin(), asked.end(), "INSERT INTO t VALUES ('me')") == 1);
  CHECK(outage.say({"Q SELECT 'me' FROM t1"}) == "TDCZI");
}

TEST_CASE("a transaction is lost with its primary where it cannot be run again") {
  struct Row {
    const char* what;
    const char* statement;
  };
  const Row row = GENERATE(Catch::Generators::values<Row>({
      {"a function of one node", "Q SELECT 'me', pg_is_in_recovery() FROM t1"},
      {"a cursor", "Q FETCH 1 FROM c"},
      {"COPY", "Q COPY t TO STDOUT"},
      {"names", "Q PREPARE p AS SELECT 'me' FROM t1"},
      {"an end and a new beginning", "Q COMMIT; BEGIN"},
      {"a long one", "Q INSERT INTO t VALUES ('@5000')"},
  }));
  CAPTURE(row.what);
  WorldOptions options = with_replay();
  options.session.transaction_replay_size = 4000;
  Outage outage(options);
  outage.say({"Q BEGIN"});
  outage.say({"Q INSERT INTO t VALUES ('me')"});
  CHECK(outage.say({row.statement}).ends_with("ZT"));
  outage.fail_over();
  CHECK(outage.say({"Q SELECT 'me' FROM t1 FOR UPDATE"}) == "E40001ZE");
  CHECK(outage.say({"Q ROLLBACK"}) == "CZI");
  CHECK(outage.world.problems().empty());
}

TEST_CASE("with transaction_replay off a lost transaction gets 40001 at once") {
  Outage outage(WorldOptions{});
  outage.say({"Q BEGIN"});
  outage.say({"Q INSERT INTO t VALUES ('me')"});
  outage.send({"Q INSERT INTO t VALUES ('me')"});
  outage.lose_primary();
  CHECK(outage.heard() == "E40001ZE");
  CHECK(outage.asked_of_new().empty());
}

TEST_CASE("COMMIT of a transaction that was lost without its client's knowledge is no success") {
  const bool is_extended = GENERATE(false, true);
  const bool has_written = GENERATE(false, true);
  CAPTURE(is_extended, has_written);
  Outage outage(WorldOptions{});
  outage.say({"Q BEGIN"});
  outage.say({has_written ? "Q INSERT INTO t VALUES ('me')" : "Q SELECT 'me' FROM t1 FOR UPDATE"});
  outage.fail_over();
  const std::string got = is_extended ? outage.say({"P |COMMIT", "B |", "E |0", "S"}) : outage.say({"Q COMMIT"});
  if (has_written) CHECK(got == (is_extended ? "12E40001ZI" : "E40001ZI"));
  if (!has_written) CHECK(got == (is_extended ? "12CZI" : "CZI"));
  CHECK(outage.say({"Q SELECT 'me' FROM t1"}) == "TDCZI");
}

TEST_CASE("a COMMIT that is known not to have happened is run again with its transaction") {
  Outage outage;
  outage.say({"Q BEGIN"});
  outage.say({"Q INSERT INTO t VALUES ('me')"});
  outage.world.die_at_commit();
  outage.world.fate = CommitOutcome::not_committed;
  CHECK(outage.say({"Q COMMIT"}) == "");
  outage.fail_over();
  CHECK(outage.heard() == "CZI");
  CHECK(ends_with(outage.asked_of_new(), {"BEGIN", "INSERT INTO t VALUES ('me')",
                                          "SELECT pg_catalog.pg_current_xact_id_if_assigned()", "COMMIT"}));
  CHECK(outage.world.problems().empty());
}

TEST_CASE("a client hears once of the cancels that meet its COMMIT, and of all that it asks next") {
  const int cancels = GENERATE(1, 2);
  Outage outage;
  outage.say({"Q BEGIN"});
  outage.say({"Q INSERT INTO t VALUES ('me')"});
  outage.world.cancel_at_commit(cancels);
  CHECK(outage.say({"Q COMMIT"}) == (cancels == 1 ? "E57014ZI" : "E57014ZE"));
  CHECK(outage.say({"Q ROLLBACK"}) == "CZI");
  CHECK(outage.say({"Q SELECT 'me' FROM t1"}) == "TDCZI");
  CHECK(outage.world.problems().empty());
}

TEST_CASE("a COMMIT whose answer was shown in part is not run again") {
  Outage outage;
  outage.say({"Q BEGIN"});
  outage.say({"Q INSERT INTO t VALUES ('me')"});
  outage.world.die_at_commit();
  outage.world.fate = CommitOutcome::not_committed;
  CHECK(outage.say({"P |COMMIT", "B |", "E |0", "S"}) == "12E40001ZI");
  outage.fail_over();
  CHECK(outage.asked_of_new().empty());
}

TEST_CASE("a COMMIT of which nothing is known is not run again") {
  Outage outage;
  outage.say({"Q BEGIN"});
  outage.say({"Q INSERT INTO t VALUES ('me')"});
  outage.world.die_at_commit();
  outage.world.fate = CommitOutcome::unknown;
  CHECK(outage.say({"Q COMMIT"}) == "E08007ZI");
  outage.fail_over();
  CHECK(outage.asked_of_new().empty());
}

TEST_CASE("prepared statements mean in the second run what they meant in the first") {
  Outage outage;
  outage.say({"P s|INSERT INTO a VALUES ('me')", "S"});
  outage.say({"Q BEGIN"});
  CHECK(outage.say({"B |s", "E |0", "S"}) == "2CZT");
  CHECK(outage.say({"C S|s", "P s|INSERT INTO b VALUES ('me')", "B |s", "E |0", "S"}) == "312CZT");
  SECTION("and when it succeeds, what they have come to mean") {
    outage.fail_over();
    CHECK(ends_with(outage.asked_of_new(), {"BEGIN", "INSERT INTO a VALUES ('me')", "INSERT INTO b VALUES ('me')"}));
    CHECK(outage.say({"B |s", "E |0", "S"}) == "2CZT");
    CHECK(outage.asked_of_new().back() == "INSERT INTO b VALUES ('me')");
  }
  SECTION("and when it fails, too") {
    outage.say({"Q SELECT 'me', version FROM node FOR UPDATE"});
    outage.fail_over();
    CHECK(outage.say({"Q ROLLBACK"}) == "CZI");
    CHECK(outage.say({"B |s", "E |0", "S"}) == "2CZI");
    CHECK(outage.asked_of_new().back() == "INSERT INTO b VALUES ('me')");
  }
  CHECK(outage.world.problems().empty());
}

TEST_CASE("an unnamed statement from before the transaction is not mistaken for a later one") {
  Outage outage;
  outage.say({"P |INSERT INTO a VALUES ('me')", "S"});
  outage.say({"P |BEGIN", "B |", "E |0", "S"});
  outage.say({"P |INSERT INTO a VALUES ('me')", "B |", "E |0", "S"});
  outage.fail_over();
  CHECK(outage.say({"B |", "E |0", "S"}) == "2CZT");
  CHECK(ends_with(outage.asked_of_new(), {"BEGIN", "INSERT INTO a VALUES ('me')", "INSERT INTO a VALUES ('me')"}));
  outage.say({"Q ROLLBACK"});
  // Used in the transaction, then replaced: it could not be made again.
  outage.say({"P |INSERT INTO a VALUES ('me')", "S"});
  outage.say({"P b|BEGIN", "B |b", "E |0", "S"});
  CHECK(outage.say({"B |", "E |0", "S"}) == "2CZT");
  outage.say({"P |INSERT INTO b VALUES ('me')", "B |", "E |0", "S"});
  outage.world.revive_node(World::kPrimary);
  outage.world.kill_backend_of(outage.id);
  outage.world.run();
  CHECK(outage.say({"Q SELECT 'me' FROM t1 FOR UPDATE"}) == "E40001ZE");
}

TEST_CASE("a transaction is run again for as long as servers last, but not for ever") {
  Outage outage;
  outage.say({"Q BEGIN"});
  outage.say({"Q INSERT INTO t VALUES ('me')"});
  for (int i = 0; i < 3; ++i) {
    outage.world.kill_backend_of(outage.id);
    outage.world.run();
    outage.world.pass(1s);
    outage.world.run();
    CHECK(outage.heard() == "");
  }
  CHECK(outage.say({"Q INSERT INTO t VALUES ('me')"}) == "CZT");
  outage.world.kill_backend_of(outage.id);
  CHECK(outage.say({"Q INSERT INTO t VALUES ('me')"}) == "E40001ZE");
}

TEST_CASE("a transaction that waits too long for a primary is lost, and its statement is told so once") {
  WorldOptions options = with_replay();
  options.session.transaction_replay_timeout = 5s;
  Outage outage(options);
  outage.say({"Q BEGIN"});
  outage.say({"Q INSERT INTO t VALUES ('me')"});
  outage.lose_primary();
  outage.send({"Q INSERT INTO t VALUES ('me')"});
  outage.world.pass(4s);
  CHECK(outage.heard() == "");
  outage.world.pass(2s);
  outage.world.run();
  CHECK(outage.heard() == "E40001ZE");
  outage.promote();
  CHECK(outage.say({"Q ROLLBACK"}) == "CZI");
  CHECK(outage.asked_of_new().empty());
  CHECK(outage.world.problems().empty());
}

TEST_CASE("a cancel ends the waiting of a statement, not that of a transaction nobody waits for") {
  Outage outage;
  outage.say({"Q BEGIN"});
  outage.say({"Q INSERT INTO t VALUES ('me')"});
  outage.lose_primary();
  outage.world.event(outage.id, session::CancelAsked{});
  outage.world.run();
  CHECK(outage.heard() == "");
  outage.send({"Q INSERT INTO t VALUES ('me')"});
  outage.world.event(outage.id, session::CancelAsked{});
  outage.world.run();
  CHECK(outage.heard() == "E57014ZE");
  CHECK(outage.say({"Q SELECT 'me' FROM t1"}) == "E25P02ZE");
  CHECK(outage.say({"Q ROLLBACK"}) == "CZI");
}

TEST_CASE("a session that an operator ends on a server that lives is not brought back") {
  Outage outage;
  outage.say({"Q BEGIN"});
  outage.say({"Q INSERT INTO t VALUES ('me')"});
  outage.send({"Q SELECT 'me' FROM dies FOR UPDATE"});  // terminating connection due to administrator command
  outage.world.run();
  CHECK(outage.heard() == "");
  SECTION("the server lives") {
    outage.world.pass(3s);
    outage.world.run();
    CHECK(outage.heard() == "E40001ZE");
    const auto log = outage.world.node_log(World::kPrimary);
    CHECK(std::count(log.begin(), log.end(), "INSERT INTO t VALUES ('me')") == 1);
  }
  SECTION("the server went down, and is back soon") {
    outage.world.set_primary(std::nullopt);
    outage.world.run();
    outage.world.set_primary(World::kPrimary);
    outage.world.run();
    const auto log = outage.world.node_log(World::kPrimary);
    CHECK(std::count(log.begin(), log.end(), "INSERT INTO t VALUES ('me')") == 2);
  }
  SECTION("the server went down") {
    outage.world.set_primary(std::nullopt);
    outage.world.set_primary(World::kReplica);
    outage.world.run();
    CHECK(outage.asked_of_new().size() > 1);
  }
}

TEST_CASE("a transaction on a replica whose statement is cancelled by replay goes on elsewhere") {
  const bool is_first = GENERATE(false, true);
  const bool is_extended = GENERATE(false, true);
  CAPTURE(is_first, is_extended);
  Outage outage;
  CHECK(outage.say({"Q BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"}) == "CZT");
  if (!is_first) CHECK(outage.say({"Q SELECT 'me' FROM t2"}) == "TDDCZT");
  if (is_extended) {
    CHECK(outage.say({"P |SELECT 'me' FROM t1", "B |", "E |0", "P |SELECT 'me' FROM conflict", "B |", "D P|", "E |0", "S"}) ==
          "12DC12TDCZT");
  } else {
    CHECK(outage.say({"Q SELECT 'me' FROM conflict"}) == "TDCZT");
  }
  CHECK(ends_with(outage.world.node_log(World::kPrimary), {"SELECT 'me' FROM conflict"}));
  CHECK(outage.say({"Q COMMIT"}) == "CZI");
  CHECK(outage.world.reports.empty());  // nothing is wrong with the replica
  CHECK(outage.world.leased_count() == 0);
  CHECK(outage.world.problems().empty());
}

TEST_CASE("where it comes out differently elsewhere, it is told that replay has cancelled it") {
  Outage outage;
  outage.say({"Q BEGIN READ ONLY"});
  CHECK(outage.say({"Q SELECT 'me', version FROM node"}) == "TDCZT");
  CHECK(outage.say({"Q SELECT 'me' FROM conflict"}) == "E40001ZE");
  CHECK(outage.say({"Q ROLLBACK"}) == "CZI");
  CHECK(outage.say({"Q SELECT 'me' FROM t1"}) == "TDCZI");
  CHECK(outage.world.problems().empty());
}

TEST_CASE("several statements in flight are run again in their order, with what was shown of them told once") {
  Outage outage;
  outage.say({"Q BEGIN"});
  outage.send({"P |INSERT INTO t VALUES ('me')", "B |", "E |0", "S", "P |SELECT 'me' FROM t2 FOR UPDATE", "B |", "E |0", "S",
               "P |INSERT INTO t VALUES ('me')", "B |", "E |0", "S"});
  const int delivered = GENERATE(0, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13);
  CAPTURE(delivered);
  for (int i = 0; i < delivered; ++i) REQUIRE(outage.world.step());
  outage.fail_over();
  CHECK(outage.heard() == "12CZT12DDCZT12CZT");
  CHECK(outage.say({"Q COMMIT"}) == "CZI");
  CHECK(outage.world.problems().empty());
}

TEST_CASE("a write behind the end of a transaction is not made twice") {
  Outage outage;
  outage.say({"Q BEGIN"});
  outage.say({"Q INSERT INTO t VALUES ('me')"});
  outage.send({"P |ROLLBACK", "B |", "E |0", "S", "P |INSERT INTO t VALUES ('me')", "B |", "E |0", "S"});
  outage.fail_over();
  CHECK(outage.heard().find("E08007") != std::string::npos);
  CHECK(outage.asked_of_new().empty());
}

TEST_CASE("a batch that waits after a Flush is taken up where it was") {
  Outage outage;
  outage.say({"Q BEGIN"});
  CHECK(outage.say({"P |INSERT INTO t VALUES ('me')", "B |", "H"}) == "12");
  outage.fail_over();
  CHECK(outage.heard() == "");
  CHECK(outage.say({"E |0", "S"}) == "CZT");
  CHECK(outage.asked_of_new().back() == "INSERT INTO t VALUES ('me')");
}

TEST_CASE("an error inside a transaction is part of what must come again") {
  Outage outage;
  outage.say({"Q BEGIN"});
  outage.say({"Q SAVEPOINT s"});
  CHECK(outage.say({"Q INSERT INTO t VALUES ('bad')"}) == "E22000ZE");
  CHECK(outage.say({"Q ROLLBACK TO s"}) == "CZT");
  outage.say({"Q INSERT INTO t VALUES ('me')"});
  outage.fail_over();
  CHECK(outage.heard() == "");
  CHECK(outage.say({"Q COMMIT"}) == "CZI");
  CHECK(ends_with(outage.asked_of_new(), {"BEGIN", "SAVEPOINT s", "INSERT INTO t VALUES ('bad')", "ROLLBACK TO s",
                                          "INSERT INTO t VALUES ('me')",
                                          "SELECT pg_catalog.pg_current_xact_id_if_assigned()", "COMMIT"}));
}

TEST_CASE("a setting made in the transaction is made again, and the client hears of it once") {
  Outage outage;
  outage.say({"Q BEGIN"});
  CHECK(outage.say({"Q SET timezone = 'Mars'"}) == "SCZT");
  outage.fail_over();
  CHECK(outage.heard() == "");
  CHECK(outage.say({"Q COMMIT"}) == "CZI");
  CHECK(outage.say({"Q SHOW timezone"}).find("D") != std::string::npos);
  CHECK(outage.world.problems().empty());
}

TEST_CASE("a READ ONLY transaction goes on when its replica dies") {
  WorldOptions options = with_replay();
  Outage outage(options);
  outage.say({"Q BEGIN READ ONLY"});
  CHECK(outage.say({"Q SELECT 'me' FROM t2"}) == "TDDCZT");
  outage.world.kill_node(World::kReplica);
  outage.world.set_primary(World::kPrimary);
  outage.world.run();
  CHECK(outage.say({"Q SELECT 'me' FROM t1"}) == "TDCZT");
  CHECK(outage.say({"Q COMMIT"}) == "CZI");
  CHECK(outage.world.problems().empty());
}

TEST_CASE("a read that must run on the primary is answered by the next one, if it provably changes nothing") {
  struct Row {
    const char* sql;
    bool is_answered;
  };
  const Row row = GENERATE(Row{"SELECT 'me' FROM t1 FOR UPDATE", true}, Row{"SELECT 'me' FROM pg_class", true},
                           Row{"SELECT 'me', random() FROM t1 FOR SHARE", true}, Row{"SELECT 'me', pg_switch_wal() FROM t1", false});
  const bool is_extended = GENERATE(false, true);
  CAPTURE(row.sql, is_extended);
  Outage outage;
  const std::string query = std::string("Q ") + row.sql;
  const std::string parse = std::string("P |") + row.sql;
  is_extended ? outage.send({parse.c_str(), "B |", "D P|", "E |0", "S"}) : outage.send({query.c_str()});
  while (outage.world.leased_count() == 0) REQUIRE(outage.world.step());
  outage.fail_over();
  CHECK(outage.heard() == (!row.is_answered ? "E08007ZI" : is_extended ? "12TDCZI" : "TDCZI"));
  CHECK(outage.say({"Q INSERT INTO t VALUES ('me')"}) == "CZI");
  CHECK(outage.world.problems().empty());
}

TEST_CASE("a lock that begins a transaction is taken on the next primary, with its BEGIN") {
  Outage outage;
  outage.say({"Q BEGIN"});
  outage.send({"Q SELECT 'me' FROM t1 FOR UPDATE"});
  while (outage.world.leased_count() == 0) REQUIRE(outage.world.step());
  outage.fail_over();
  CHECK(outage.heard() == "TDCZT");
  CHECK(ends_with(outage.asked_of_new(), {"BEGIN", "SELECT 'me' FROM t1 FOR UPDATE"}));
  CHECK(outage.say({"Q COMMIT"}) == "CZI");
}
