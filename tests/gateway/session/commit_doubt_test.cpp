// COMMIT AND CHAIN whose server dies under it. (COMMIT alone: tests/scripts/wire/commit_in_doubt*.txt.)
#include "tests/support/gateway/outage.hpp"

using namespace howdah;
using namespace howdah::test;

namespace {

int chained_count(const std::vector<std::string>& log, std::string_view start) {
  return static_cast<int>(std::count_if(log.begin(), log.end(), [&](const std::string& sql) { return sql.starts_with(start); }));
}

}  // namespace

TEST_CASE("COMMIT AND CHAIN is done once and its client goes on in the next transaction, whenever its primary dies") {
  const bool is_strict = GENERATE(false, true);
  const bool is_extended = GENERATE(false, true);
  const bool has_written = GENERATE(false, true);
  const bool is_committed = GENERATE(false, true);
  const int delivered = GENERATE(range(0, 8));
  CAPTURE(is_strict, is_extended, has_written, is_committed, delivered);
  WorldOptions options = with_replay();
  if (is_strict) options.session.commit_safety = CommitSafety::strict;
  Outage outage(options);
  outage.say({"Q BEGIN ISOLATION LEVEL REPEATABLE READ"});
  outage.say({"Q SELECT 'me' FROM t1 FOR UPDATE"});
  if (has_written) CHECK(outage.say({"Q INSERT INTO t VALUES ('me')"}) == "CZT");
  if (!is_committed) outage.world.die_at_commit();
  outage.world.fate = is_committed ? CommitOutcome::committed : CommitOutcome::not_committed;
  is_extended ? outage.send({"P |COMMIT AND CHAIN", "B |", "E |0", "S"}) : outage.send({"Q COMMIT AND CHAIN"});
  for (int i = 0; i < delivered; ++i) outage.world.step();
  // Pipelined, a server may die before it has told the id.
  const int sent = chained_count(outage.world.node_log(World::kPrimary), "COMMIT AND CHAIN");
  outage.fail_over();
  const std::string heard = outage.heard();
  if (!is_strict && heard.find("08007") != std::string::npos) {
    CHECK(has_written);
    return;
  }
  if (!is_strict && heard == "E40001ZE") {
    CHECK_FALSE(has_written);
    return;
  }
  if (!is_committed && heard.ends_with("E40001ZI")) {  // a part of its answer has been told
    CHECK(is_extended);
    return;
  }
  CHECK(heard == (is_extended ? "12CZT" : "CZT"));
  CHECK(outage.say({"Q INSERT INTO t VALUES ('you')"}) == "CZT");
  // What was done on the old primary is not done again; the next transaction is begun as this one was.
  const auto asked = outage.asked_of_new();
  const bool is_done_before = is_committed && sent > 0 && chained_count(asked, "COMMIT AND CHAIN") == 0;
  if (has_written) CHECK((is_done_before ? 1 : 0) + chained_count(asked, "COMMIT AND CHAIN") == 1);
  CHECK(chained_count(asked, "BEGIN ISOLATION LEVEL") == 1);
  CHECK(outage.say({"Q ROLLBACK"}) == "CZI");
  CHECK(outage.say({"Q INSERT INTO t VALUES ('me')"}) == "CZI");
  CHECK(outage.world.problems().empty());
}

TEST_CASE("of a COMMIT AND CHAIN that nobody can find out about, the client hears so") {
  Outage outage;
  outage.say({"Q BEGIN"});
  outage.say({"Q INSERT INTO t VALUES ('me')"});
  outage.world.die_at_commit();
  outage.world.fate = CommitOutcome::unknown;
  CHECK(outage.say({"Q COMMIT AND CHAIN"}) == "E08007ZI");
}

TEST_CASE("the transaction behind COMMIT AND CHAIN has an id of its own, and nothing to do with the one before") {
  const bool is_strict = GENERATE(false, true);
  WorldOptions options = with_replay();
  if (is_strict) options.session.commit_safety = CommitSafety::strict;
  Outage outage(options);
  outage.say({"Q BEGIN"});
  outage.say({"Q INSERT INTO t VALUES ('me')"});
  CHECK(outage.say({"Q COMMIT AND CHAIN"}) == "CZT");
  CHECK(outage.say({"Q INSERT INTO t VALUES ('you')"}) == "CZT");
  const auto questions = [&] { return chained_count(outage.world.node_log(World::kPrimary), "SELECT pg_catalog.pg_current_xact_id"); };
  const int before = questions();
  CHECK(outage.say({"Q COMMIT"}) == "CZI");
  CHECK(questions() == before + 1);
}

TEST_CASE("the transaction behind COMMIT AND CHAIN is run again, as it was begun") {
  Outage outage;
  outage.say({"Q BEGIN"});
  outage.say({"Q INSERT INTO t VALUES ('me')"});
  CHECK(outage.say({"Q COMMIT AND CHAIN"}) == "CZT");
  CHECK(outage.say({"Q INSERT INTO t VALUES ('you')"}) == "CZT");
  outage.fail_over();
  CHECK(outage.heard().empty());
  CHECK(ends_with(outage.asked_of_new(), {"BEGIN ISOLATION LEVEL as before", "INSERT INTO t VALUES ('you')"}));
  CHECK(outage.say({"Q COMMIT"}) == "CZI");
  CHECK(outage.world.problems().empty());
}

TEST_CASE("without commit_safety, a COMMIT AND CHAIN of what has written nothing leaves nobody outside a transaction unknowingly") {
  WorldOptions options;
  options.session.commit_safety = CommitSafety::off;
  Outage outage(options);
  outage.say({"Q BEGIN"});
  outage.say({"Q SELECT 'me' FROM t1 FOR UPDATE"});
  outage.world.die_at_commit();
  outage.send({"Q COMMIT AND CHAIN"});
  outage.fail_over();
  CHECK(outage.heard() == "E40001ZE");
}
