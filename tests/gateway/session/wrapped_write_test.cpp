// commit_safety = strict: writes outside a transaction whose server dies under them.
#include "tests/support/gateway/outage.hpp"

using namespace howdah;
using namespace howdah::test;

namespace {

const std::string kXid = "SELECT pg_catalog.pg_current_xact_id_if_assigned()";
const std::string kAssignedXid = "SELECT pg_catalog.pg_current_xact_id()";

WorldOptions strict() {
  WorldOptions options = with_replay();
  options.session.commit_safety = CommitSafety::strict;
  return options;
}

int count_of(const std::vector<std::string>& log, const std::string& sql) {
  return static_cast<int>(std::count(log.begin(), log.end(), sql));
}

}  // namespace

TEST_CASE("a write outside a transaction runs in one of ours, and its client sees no difference") {
  Outage outage(strict());
  CHECK(outage.say({"Q INSERT INTO t VALUES ('me')"}) == "CZI");
  CHECK(ends_with(outage.world.node_log(World::kPrimary), {"BEGIN", "INSERT INTO t VALUES ('me')", kXid, "COMMIT"}));
  CHECK(outage.say({"P |INSERT INTO t VALUES ('me')", "B |", "D P|", "E |0", "S"}) == "12nCZI");
  CHECK(ends_with(outage.world.node_log(World::kPrimary), {"BEGIN", "INSERT INTO t VALUES ('me')", kXid, "COMMIT"}));
  CHECK(outage.world.leased_count() == 0);
  CHECK(outage.say({"Q INSERT INTO t VALUES ('me')", "Q INSERT INTO t VALUES ('me')"}) == "CZICZI");
  CHECK(outage.say({"Q SELECT 'me' FROM t1"}) == "TDCZI");
  CHECK(outage.world.problems().empty());
}

TEST_CASE("several writes of one string, outside a transaction, run in one of ours") {
  Outage outage(strict());
  CHECK(outage.say({"Q INSERT INTO t VALUES ('me'); INSERT INTO t VALUES ('me')"}) == "CCZI");
  CHECK(ends_with(outage.world.node_log(World::kPrimary),
                  {"BEGIN", "INSERT INTO t VALUES ('me')", "INSERT INTO t VALUES ('me')", kXid, "COMMIT"}));
  // As PostgreSQL, which commits before it tells of the last.
  CHECK(outage.say({"Q INSERT INTO t VALUES ('me'); INSERT INTO deferred VALUES ('me')"}) == "CE23503ZI");
  CHECK(outage.say({"Q INSERT INTO t VALUES ('me'); INSERT INTO t VALUES ('bad')"}) == "CE22000ZI");
  CHECK(outage.world.node_log(World::kPrimary).back() == "ROLLBACK");
  CHECK(outage.world.problems().empty());
}

TEST_CASE("a transaction that comes whole is sent without its COMMIT, and its client sees no difference") {
  Outage outage(strict());
  CHECK(outage.say({"Q BEGIN; INSERT INTO t VALUES ('me'); COMMIT;"}) == "CCCZI");
  CHECK(ends_with(outage.world.node_log(World::kPrimary), {"BEGIN", "INSERT INTO t VALUES ('me')", kXid, "COMMIT"}));
  CHECK(outage.say({"P |BEGIN", "B |", "E |0", "P |INSERT INTO t VALUES ('me')", "B |", "D P|", "E |0", "P |COMMIT", "B |", "D P|", "E |0",
                    "S", "Q INSERT INTO t VALUES ('me')"}) == "12C12nC12nCZICZI");
  CHECK(ends_with(outage.world.node_log(World::kPrimary), {"BEGIN", "INSERT INTO t VALUES ('me')", kXid, "COMMIT", "BEGIN",
                                                          "INSERT INTO t VALUES ('me')", kXid, "COMMIT"}));
  CHECK(outage.world.leased_count() == 0);
  CHECK(outage.world.problems().empty());
}

TEST_CASE("a whole transaction that fails is left as PostgreSQL leaves it") {
  struct Row {
    std::vector<const char*> messages;
    const char* heard;
    const char* then;  // to ROLLBACK
  };
  const Row row = GENERATE(
      Row{{"Q BEGIN; INSERT INTO t VALUES ('bad'); COMMIT"}, "CE22000ZE", "CZI"},
      Row{{"Q BEGIN; INSERT INTO deferred VALUES ('me'); COMMIT"}, "CCE23503ZI", "CZI"},
      Row{{"P |BEGIN", "B |", "E |0", "P |INSERT INTO t VALUES ('bad')", "B |", "E |0", "P |COMMIT", "B |", "E |0", "S"}, "12C12E22000ZE", "CZI"},
      Row{{"P |BEGIN", "B |", "E |0", "P |INSERT INTO deferred VALUES ('me')", "B |", "E |0", "P |COMMIT", "B |", "E |0", "S"},
          "12C12C12E23503ZI", "CZI"});
  Outage outage(strict());
  for (const char* message : row.messages) outage.send({message});
  outage.world.run();
  CHECK(outage.heard() == row.heard);
  CHECK(outage.say({"Q ROLLBACK"}) == row.then);
  CHECK(outage.say({"Q INSERT INTO t VALUES ('me')"}) == "CZI");
  CHECK(outage.world.leased_count() == 0);
  CHECK(outage.world.problems().empty());
}

TEST_CASE("what fails, fails with its own error: the write, or its COMMIT") {
  Outage outage(strict());
  CHECK(outage.say({"Q INSERT INTO t VALUES ('bad')"}) == "E22000ZI");
  CHECK(outage.world.node_log(World::kPrimary).back() == "ROLLBACK");
  CHECK(outage.say({"P |INSERT INTO t VALUES ('bad')", "B |", "E |0", "S"}) == "12E22000ZI");
  CHECK(outage.say({"Q INSERT INTO deferred VALUES ('me')"}) == "E23503ZI");
  // As PostgreSQL, which commits at Sync.
  CHECK(outage.say({"P |INSERT INTO deferred VALUES ('me')", "B |", "E |0", "S"}) == "12CE23503ZI");
  CHECK(outage.say({"Q INSERT INTO t VALUES ('me')"}) == "CZI");
  CHECK(outage.world.leased_count() == 0);
  CHECK(outage.world.problems().empty());
}

TEST_CASE("what cannot run inside a transaction, or needs no looking up, is sent as it is") {
  const char* statement = GENERATE("Q VACUUM", "Q CREATE DATABASE d", "Q SELECT 'me' FROM t1 FOR UPDATE", "Q COPY t TO STDOUT");
  Outage outage(strict());
  outage.say({statement});
  CHECK(count_of(outage.world.node_log(World::kPrimary), "BEGIN") == 0);
}

TEST_CASE("a write is made once and its client hears of success, whenever its primary dies") {
  const bool is_extended = GENERATE(false, true);
  const int delivered = GENERATE(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
  const bool is_committed = GENERATE(false, true);
  CAPTURE(is_extended, delivered, is_committed);
  Outage outage(strict());
  if (!is_committed) outage.world.die_at_commit();
  outage.world.fate = is_committed ? CommitOutcome::committed : CommitOutcome::not_committed;
  is_extended ? outage.send({"P |INSERT INTO t VALUES ('me')", "B |", "E |0", "S"}) : outage.send({"Q INSERT INTO t VALUES ('me')"});
  for (int i = 0; i < delivered; ++i) outage.world.step();
  outage.fail_over();
  CHECK(outage.heard() == (is_extended ? "12CZI" : "CZI"));
  const int done_before = is_committed ? count_of(outage.world.node_log(World::kPrimary), "COMMIT") : 0;
  CHECK(done_before + count_of(outage.asked_of_new(), "COMMIT") == 1);
  CHECK(outage.world.problems().empty());
}

TEST_CASE("a NOTIFY without a write has an id given out, and is made once") {
  const bool is_extended = GENERATE(false, true);
  const int delivered = GENERATE(range(0, 11));
  const bool is_committed = GENERATE(false, true);
  CAPTURE(is_extended, delivered, is_committed);
  Outage outage(strict());
  CHECK(outage.say({"Q NOTIFY c; NOTIFY d"}) == "CCZI");
  CHECK(ends_with(outage.world.node_log(World::kPrimary), {"BEGIN", "NOTIFY c", "NOTIFY d", kAssignedXid, "COMMIT"}));
  const int before = count_of(outage.world.node_log(World::kPrimary), "COMMIT");
  if (!is_committed) outage.world.die_at_commit();
  outage.world.fate = is_committed ? CommitOutcome::committed : CommitOutcome::not_committed;
  is_extended ? outage.send({"P |NOTIFY c", "B |", "E |0", "S"}) : outage.send({"Q NOTIFY c"});
  for (int i = 0; i < delivered; ++i) outage.world.step();
  outage.fail_over();
  CHECK(outage.heard() == (is_extended ? "12CZI" : "CZI"));
  const int done_before = is_committed ? count_of(outage.world.node_log(World::kPrimary), "COMMIT") - before : 0;
  CHECK(done_before + count_of(outage.asked_of_new(), "COMMIT") == 1);
  CHECK(outage.world.problems().empty());
}

TEST_CASE("a transaction with a NOTIFY in it, and nothing else, is done once, whether it comes whole or with its COMMIT") {
  const bool is_whole = GENERATE(false, true);
  const int delivered = GENERATE(range(0, 12));
  const bool is_committed = GENERATE(false, true);
  CAPTURE(is_whole, delivered, is_committed);
  Outage outage(strict());
  if (!is_whole) outage.say({"Q BEGIN"});
  if (!is_committed) outage.world.die_at_commit();
  outage.world.fate = is_committed ? CommitOutcome::committed : CommitOutcome::not_committed;
  outage.send({is_whole ? "Q BEGIN; NOTIFY c; COMMIT" : "Q NOTIFY c; COMMIT"});
  for (int i = 0; i < delivered; ++i) outage.world.step();
  outage.fail_over();
  CHECK(outage.heard() == (is_whole ? "CCCZI" : "CCZI"));
  const int done_before = is_committed ? count_of(outage.world.node_log(World::kPrimary), "COMMIT") : 0;
  CHECK(done_before + count_of(outage.asked_of_new(), "COMMIT") == 1);
  CHECK(outage.world.problems().empty());
}

TEST_CASE("what may as well run twice runs again on the next primary") {
  const char* statement = GENERATE("Q VACUUM t", "Q ANALYZE t", "Q REINDEX TABLE t", "Q CLUSTER", "Q CHECKPOINT");
  const CommitSafety safety = GENERATE(CommitSafety::off, CommitSafety::pipelined, CommitSafety::strict);
  WorldOptions options = with_replay();
  options.session.commit_safety = safety;
  Outage outage(options);
  outage.send({statement});
  while (count_of(outage.world.node_log(World::kPrimary), statement + 2) == 0) REQUIRE(outage.world.step());
  outage.fail_over();
  CHECK(outage.heard() == "CZI");
  CHECK(count_of(outage.asked_of_new(), statement + 2) == 1);
}

TEST_CASE("code that is understood, and leaves its transaction alone, is done once") {
  const std::string code = "DO 'BEGIN INSERT INTO t VALUES (1); END'";
  const int delivered = GENERATE(range(0, 10));
  const bool is_committed = GENERATE(false, true);
  CAPTURE(delivered, is_committed);
  Outage outage(strict());
  if (!is_committed) outage.world.die_at_commit();
  outage.world.fate = is_committed ? CommitOutcome::committed : CommitOutcome::not_committed;
  outage.send({("Q " + code).c_str()});
  for (int i = 0; i < delivered; ++i) outage.world.step();
  outage.fail_over();
  CHECK(outage.heard() == "CZI");
  const int done_before = is_committed ? count_of(outage.world.node_log(World::kPrimary), "COMMIT") : 0;
  CHECK(done_before + count_of(outage.asked_of_new(), "COMMIT") == 1);
  CHECK(outage.world.problems().empty());
}

TEST_CASE("what fails on what it has done already does not run again") {
  const std::string statement = GENERATE("CREATE INDEX CONCURRENTLY i ON t (a)", "ALTER SYSTEM SET a = 1", "DO 'x'");
  Outage outage(strict());
  outage.send({("Q " + statement).c_str()});
  while (count_of(outage.world.node_log(World::kPrimary), statement) == 0) REQUIRE(outage.world.step());
  outage.fail_over();
  CHECK(outage.heard() == (statement.starts_with("DO") ? "E57P01" : "E08007ZI"));
  CHECK(outage.asked_of_new().empty());
}

TEST_CASE("a whole transaction is done once and its client hears of success, whenever its primary dies") {
  const bool is_extended = GENERATE(false, true);
  const int delivered = GENERATE(range(0, 20));
  const bool is_committed = GENERATE(false, true);
  CAPTURE(is_extended, delivered, is_committed);
  Outage outage(strict());
  if (!is_committed) outage.world.die_at_commit();
  outage.world.fate = is_committed ? CommitOutcome::committed : CommitOutcome::not_committed;
  if (is_extended) {
    outage.send({"P |BEGIN", "B |", "E |0", "P |INSERT INTO t VALUES ('me')", "B |", "E |0", "P s|SELECT 'me' FROM node", "B |s", "D P|", "E |0",
                 "P |COMMIT", "B |", "E |0", "S"});
  } else {
    outage.send({"Q BEGIN; INSERT INTO t VALUES ('me'); SELECT 'me' FROM node; COMMIT"});
  }
  for (int i = 0; i < delivered; ++i) outage.world.step();
  outage.fail_over();
  CHECK(outage.heard() == (is_extended ? "12C12C12TDC12CZI" : "CCTDCCZI"));
  const int done_before = is_committed ? count_of(outage.world.node_log(World::kPrimary), "COMMIT") : 0;
  CHECK(done_before + count_of(outage.asked_of_new(), "COMMIT") == 1);
  CHECK(outage.say({"Q INSERT INTO t VALUES ('me')"}) == "CZI");
  CHECK(outage.world.problems().empty());
}

TEST_CASE("DDL, and what comes with it, runs in a transaction of ours") {
  const bool is_extended = GENERATE(false, true);
  const int delivered = GENERATE(range(0, 12));
  const bool is_committed = GENERATE(false, true);
  CAPTURE(is_extended, delivered, is_committed);
  Outage outage(strict());
  if (!is_committed) outage.world.die_at_commit();
  outage.world.fate = is_committed ? CommitOutcome::committed : CommitOutcome::not_committed;
  is_extended ? outage.send({"P |CREATE TABLE n (a int)", "B |", "E |0", "S"})
              : outage.send({"Q CREATE TABLE n (a int); INSERT INTO t VALUES ('me')"});
  for (int i = 0; i < delivered; ++i) outage.world.step();
  outage.fail_over();
  CHECK(outage.heard() == (is_extended ? "12CZI" : "CCZI"));
  const int done_before = is_committed ? count_of(outage.world.node_log(World::kPrimary), "COMMIT") : 0;
  CHECK(done_before + count_of(outage.asked_of_new(), "COMMIT") == 1);
  CHECK(outage.world.problems().empty());
}

TEST_CASE("the last statements of a transaction, and savepoints in it, are done once, whenever its primary dies") {
  const bool is_extended = GENERATE(false, true);
  const bool has_written = GENERATE(false, true);
  const int delivered = GENERATE(range(0, 16));
  const bool is_committed = GENERATE(false, true);
  CAPTURE(is_extended, has_written, delivered, is_committed);
  Outage outage(strict());
  outage.say({"Q BEGIN"});
  if (has_written) CHECK(outage.say({"Q INSERT INTO t VALUES ('me')"}) == "CZT");
  if (!is_committed) outage.world.die_at_commit();
  outage.world.fate = is_committed ? CommitOutcome::committed : CommitOutcome::not_committed;
  if (is_extended) {
    outage.send({"P |SAVEPOINT a", "B |", "E |0", "P |INSERT INTO t VALUES ('me')", "B |", "E |0", "P |COMMIT", "B |", "E |0", "S"});
  } else {
    outage.send({"Q SAVEPOINT a; INSERT INTO t VALUES ('me'); COMMIT"});
  }
  for (int i = 0; i < delivered; ++i) outage.world.step();
  outage.fail_over();
  CHECK(outage.heard() == (is_extended ? "12C12C12CZI" : "CCCZI"));
  const int done_before = is_committed ? count_of(outage.world.node_log(World::kPrimary), "COMMIT") : 0;
  CHECK(done_before + count_of(outage.asked_of_new(), "COMMIT") == 1);
  CHECK(outage.say({"Q INSERT INTO t VALUES ('me')"}) == "CZI");
  CHECK(outage.world.problems().empty());
}

TEST_CASE("the end of a transaction waits for what is in flight, and fails as PostgreSQL lets it fail") {
  Outage outage(strict());
  CHECK(outage.say({"Q BEGIN", "Q INSERT INTO t VALUES ('me')", "Q INSERT INTO t VALUES ('me'); COMMIT"}) == "CZTCZTCCZI");
  CHECK(ends_with(outage.world.node_log(World::kPrimary), {"BEGIN", "INSERT INTO t VALUES ('me')", "INSERT INTO t VALUES ('me')", kAssignedXid, "COMMIT"}));
  outage.say({"Q BEGIN", "Q INSERT INTO t VALUES ('me')"});
  CHECK(outage.say({"Q INSERT INTO t VALUES ('bad'); COMMIT"}) == "E22000ZE");
  CHECK(outage.say({"Q ROLLBACK"}) == "CZI");
  outage.say({"Q BEGIN", "Q INSERT INTO t VALUES ('me')"});
  CHECK(outage.say({"Q INSERT INTO deferred VALUES ('me'); COMMIT"}) == "CE23503ZI");
  CHECK(outage.say({"Q BEGIN", "Q SELECT 'me' FROM t1", "Q SELECT 'me' FROM t1; COMMIT"}) == "CZTTDCZTTDCCZI");
  CHECK(outage.world.leased_count() == 0);
  CHECK(outage.world.problems().empty());
}

TEST_CASE("without transaction_replay, the end of a transaction whose COMMIT was not sent leaves it failed") {
  WorldOptions options = strict();
  options.session.transaction_replay = false;
  Outage outage(options);
  outage.say({"Q BEGIN", "Q INSERT INTO t VALUES ('me')"});
  outage.send({"Q INSERT INTO t VALUES ('me'); COMMIT"});
  outage.fail_over();
  CHECK(outage.heard() == "E40001ZE");
  CHECK(outage.say({"Q ROLLBACK"}) == "CZI");
}

TEST_CASE("COPY is wrapped, and its client sees no difference") {
  Outage outage(strict());
  CHECK(outage.say({"Q COPY t FROM STDIN"}) == "G");
  CHECK(outage.say({"d row", "c"}) == "CZI");
  CHECK(ends_with(outage.world.node_log(World::kPrimary), {"BEGIN", "COPY t FROM STDIN", kAssignedXid, "COMMIT"}));
  outage.say({"Q COPY t FROM STDIN"});
  CHECK(outage.say({"d bad"}) == "E22P04ZI");
  CHECK(outage.say({"d row", "c"}).empty());
  outage.say({"Q COPY t FROM STDIN"});
  CHECK(outage.say({"f no"}) == "E22P04ZI");
  CHECK(outage.world.node_log(World::kPrimary).back() == "ROLLBACK");
  CHECK(outage.say({"Q COPY t FROM STDIN", "d row", "c", "Q INSERT INTO t VALUES ('me')"}) == "GCZICZI");
  CHECK(outage.world.leased_count() == 0);
  CHECK(outage.world.problems().empty());
}

TEST_CASE("a COPY that was committed is told so, and of one that was not the client hears that nothing was changed") {
  const int delivered = GENERATE(range(0, 6));
  const bool is_committed = GENERATE(false, true);
  CAPTURE(delivered, is_committed);
  Outage outage(strict());
  outage.say({"Q COPY t FROM STDIN"});
  if (!is_committed) outage.world.die_at_commit();
  outage.world.fate = is_committed ? CommitOutcome::committed : CommitOutcome::not_committed;
  outage.send({"d row", "c"});
  for (int i = 0; i < delivered; ++i) outage.world.step();
  outage.fail_over();
  const bool is_sent = count_of(outage.world.node_log(World::kPrimary), "COMMIT") > 0;
  CHECK(outage.heard() == (is_committed && is_sent ? "CZI" : "E40001ZI"));
  CHECK(outage.say({"Q INSERT INTO t VALUES ('me')"}) == "CZI");
  CHECK(outage.world.problems().empty());
}

TEST_CASE("a whole transaction whose fate cannot be found out is told as unknown, and one that wrote nothing as committed") {
  const bool is_extended = GENERATE(false, true);
  const bool has_written = GENERATE(false, true);
  CAPTURE(is_extended, has_written);
  Outage outage(strict());
  outage.say({"Q SELECT 'me' FROM t1 FOR UPDATE"});
  outage.world.die_at_commit();
  const char* write = has_written ? "P |INSERT INTO t VALUES ('me')" : "P |UPDATE t SET a = 1 WHERE false";
  is_extended ? outage.send({"P |BEGIN", "B |", "E |0", write, "B |", "E |0", "P |COMMIT", "B |", "E |0", "S"})
              : outage.send({has_written ? "Q BEGIN; INSERT INTO t VALUES ('me'); COMMIT" : "Q BEGIN; UPDATE t SET a = 1 WHERE false; COMMIT"});
  outage.world.run();
  CHECK(outage.world.client(outage.id).doubt.has_value() == has_written);
  CHECK(outage.heard() == (has_written ? "E08007ZI" : is_extended ? "12C12C12CZI" : "CCCZI"));
}

TEST_CASE("a long answer is not kept back, and one that comes out differently is not gone on with") {
  Outage outage(strict());
  outage.send({"Q BEGIN; INSERT INTO t VALUES ('me'); SELECT 'me' FROM node; SELECT 'me' FROM big; COMMIT"});
  while (outage.world.client(outage.id).received.size() < outage.seen + 100'000) REQUIRE(outage.world.step());
  outage.fail_over();
  CHECK(outage.heard() == "CCTDCTDE40001ZI");
  CHECK(count_of(outage.asked_of_new(), "COMMIT") == 0);
  CHECK(outage.say({"Q INSERT INTO t VALUES ('me')"}) == "CZI");
  CHECK(outage.world.problems().empty());
}

TEST_CASE("a write waits for what is in flight, so that it can be wrapped") {
  Outage outage(strict());
  outage.world.fate = CommitOutcome::committed;
  outage.say({"Q SELECT 'me' FROM t1 FOR UPDATE"});
  outage.world.die_at_commit();
  CHECK(outage.say({"Q SELECT 'me' FROM t1 FOR UPDATE", "Q INSERT INTO t VALUES ('me')"}) == "TDCZICZI");
}

TEST_CASE("a cancel that meets the question for the id of a whole transaction leaves it failed") {
  const bool is_extended = GENERATE(false, true);
  Outage outage(strict());
  outage.say({"Q SELECT 'me' FROM t1 FOR UPDATE"});
  outage.world.cancel_at_commit(1);
  is_extended ? outage.send({"P |BEGIN", "B |", "E |0", "P |INSERT INTO t VALUES ('me')", "B |", "E |0", "P |COMMIT", "B |", "E |0", "S"})
              : outage.send({"Q BEGIN; INSERT INTO t VALUES ('me'); COMMIT"});
  outage.world.run();
  CHECK(outage.heard() == (is_extended ? "12C12CE57014ZE" : "CCE57014ZE"));
  CHECK(outage.say({"Q COMMIT"}) == "CZI");
  CHECK(outage.world.node_log(World::kPrimary).back() == "COMMIT");
  CHECK(outage.world.problems().empty());
}

TEST_CASE("a write whose fate cannot be found out is told as unknown") {
  Outage outage(strict());
  outage.world.die_at_commit();
  outage.world.fate = CommitOutcome::unknown;
  outage.say({"Q SELECT 'me' FROM t1 FOR UPDATE"});
  outage.world.die_at_commit();
  CHECK(outage.say({"Q INSERT INTO t VALUES ('me')"}) == "E08007ZI");
}

TEST_CASE("a statement that has written nothing has nothing to be looked up") {
  Outage outage(strict());
  outage.say({"Q SELECT 'me' FROM t1 FOR UPDATE"});
  outage.world.die_at_commit();
  CHECK(outage.say({"Q UPDATE t SET a = 1 WHERE false"}) == "CZI");
  CHECK_FALSE(outage.world.client(outage.id).doubt);
}

TEST_CASE("without transaction_replay a write that did not happen may be made again by its client") {
  WorldOptions options = strict();
  options.session.transaction_replay = false;
  Outage outage(options);
  outage.send({"Q INSERT INTO t VALUES ('me')"});
  while (outage.world.leased_count() == 0) REQUIRE(outage.world.step());
  outage.fail_over();
  CHECK(outage.heard() == "E40001ZI");
}

TEST_CASE("COPY that had not been told its end has done nothing") {
  Outage outage(WorldOptions{});
  outage.say({"Q COPY t FROM STDIN"});
  outage.say({"d row"});
  outage.fail_over();
  CHECK(outage.heard() == "E40001ZI");
}
