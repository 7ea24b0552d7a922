// A primary that another gateway closes for writes before this one's view says so.
#include "tests/support/gateway/outage.hpp"

using namespace howdah;
using namespace howdah::test;

namespace {

// Closed; its clients have been told nothing.
void close_primary(Outage& outage) { outage.world.close_node(World::kPrimary); }

// The view follows: nobody can be written to, then another can.
void replace_primary(Outage& outage) {
  outage.world.set_primary(std::nullopt);
  outage.world.run();
  CHECK(outage.heard().empty());
  outage.promote();
}

int closed_count(const std::vector<std::string>& log, const std::string& sql) {
  return static_cast<int>(std::count(log.begin(), log.end(), sql));
}

}  // namespace

TEST_CASE("a write that a closed primary refuses is made once, on the next one, and its client does not notice") {
  struct Row {
    std::vector<const char*> messages;
    const char* heard;
  };
  const Row row = GENERATE(
      Row{{"Q INSERT INTO t VALUES ('me')"}, "CZI"},
      Row{{"Q SELECT 'me' FROM t1; INSERT INTO t VALUES ('me')"}, "TDCCZI"},
      Row{{"Q BEGIN; INSERT INTO t VALUES ('me'); COMMIT"}, "CCCZI"},
      Row{{"P |INSERT INTO t VALUES ('me')", "B |", "D P|", "E |0", "S"}, "12nCZI"},
      Row{{"P s|INSERT INTO t VALUES ('me')", "B |s", "E |0", "B |s", "E |0", "S"}, "12C2CZI"},
      Row{{"P |BEGIN", "B |", "E |0", "P |INSERT INTO t VALUES ('me')", "B |", "E |0", "P |COMMIT", "B |", "E |0", "S"}, "12C12C12CZI"});
  const CommitSafety safety = GENERATE(CommitSafety::off, CommitSafety::pipelined, CommitSafety::strict);
  const bool is_replayed = GENERATE(false, true);
  CAPTURE(row.messages.front(), safety, is_replayed);
  WorldOptions options;
  options.session.commit_safety = safety;
  options.session.transaction_replay = is_replayed;
  Outage outage(options);
  if (GENERATE(false, true)) CHECK(outage.say({"Q INSERT INTO t VALUES ('me')"}) == "CZI");  // on an open connection
  const int writes = outage.world.writes();
  close_primary(outage);
  for (const char* message : row.messages) outage.send({message});
  outage.world.run();
  const bool is_shown = safety != CommitSafety::strict && std::string_view(row.heard) == "TDCCZI";
  if (is_shown) {  // rows of it have been told
    CHECK(outage.heard() == "TDCE25006SZI");
    return;
  }
  CHECK(outage.heard().empty());
  CHECK(outage.world.leased_count() == 0);
  replace_primary(outage);
  CHECK(outage.heard() == row.heard);
  CHECK(outage.world.writes() == writes + (std::string_view(row.heard) == "12C2CZI" ? 2 : 1));
  CHECK(outage.say({"Q INSERT INTO t VALUES ('me')"}) == "CZI");
  CHECK(outage.world.problems().empty());
}

TEST_CASE("a COPY that a closed primary refuses begins on the next one") {
  WorldOptions options;
  options.session.commit_safety = GENERATE(CommitSafety::pipelined, CommitSafety::strict);
  Outage outage(options);
  close_primary(outage);
  CHECK(outage.say({"Q COPY t FROM STDIN"}).empty());
  replace_primary(outage);
  CHECK(outage.heard() == "G");
  CHECK(outage.say({"d row", "c"}) == "CZI");
  CHECK(outage.world.writes() == 1);
  CHECK(outage.world.problems().empty());
}

TEST_CASE("a write that is refused goes on where it was if the primary is opened again") {
  Outage outage;
  close_primary(outage);
  CHECK(outage.say({"Q INSERT INTO t VALUES ('me')"}).empty());
  outage.world.set_primary(std::nullopt);
  outage.world.close_node(World::kPrimary, false);
  outage.world.set_primary(World::kPrimary);
  outage.world.run();
  CHECK(outage.heard() == "SCSZI");  // read-only, and not any more
}

TEST_CASE("a primary that stays closed means it so") {
  Outage outage;
  close_primary(outage);
  CHECK(outage.say({"Q INSERT INTO t VALUES ('me')"}).empty());
  outage.world.pass(1s);
  outage.world.run();
  CHECK(outage.heard().empty());
  outage.world.pass(1s);
  outage.world.run();
  CHECK(outage.heard() == "SE25006ZI");
  CHECK(closed_count(outage.world.node_log(World::kPrimary), "INSERT INTO t VALUES ('me')") == 2);
  CHECK(outage.world.problems().empty());
}

TEST_CASE("a refused write can be cancelled, and what comes behind it waits") {
  Outage outage;
  close_primary(outage);
  CHECK(outage.say({"Q INSERT INTO t VALUES ('me')"}).empty());
  CHECK(outage.say({"Q SELECT 'me' FROM t1"}).empty());
  outage.world.event(outage.id, session::CancelAsked{});
  outage.world.run();
  CHECK(outage.heard().starts_with("E57014"));
}

TEST_CASE("who wants to be read-only is told 25006 at once") {
  Outage outage;
  const char* wish = GENERATE("Q SET default_transaction_read_only = on", "Q SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY");
  CHECK(outage.say({wish}) == "CZI");
  close_primary(outage);
  CHECK(outage.say({"Q INSERT INTO t VALUES ('me')"}) == "E25006SZI");
  CHECK(closed_count(outage.world.node_log(World::kPrimary), "INSERT INTO t VALUES ('me')") == 1);
}

TEST_CASE("a refused write with others in flight behind it does not run again: they may have been done") {
  Outage outage;
  outage.say({"Q INSERT INTO t VALUES ('me')"});
  close_primary(outage);
  CHECK(outage.say({"Q INSERT INTO t VALUES ('me')", "Q INSERT INTO t VALUES ('me')"}) == "E25006SZI");
  replace_primary(outage);
  CHECK(outage.heard() == "CZI");  // the other one was alone by then
  CHECK(outage.world.writes() == 2);
}

TEST_CASE("a transaction that begins on a closed primary begins on the next one") {
  Outage outage;
  close_primary(outage);
  CHECK(outage.say({"Q BEGIN"}) == "CZT");
  if (GENERATE(false, true)) CHECK(outage.say({"Q SELECT 'me' FROM t1 FOR UPDATE"}).ends_with("TDCZT"));
  CHECK(outage.say({"Q INSERT INTO t VALUES ('me')"}).find('E') == std::string::npos);
  replace_primary(outage);
  CHECK(outage.heard() == "CZT");
  CHECK(outage.say({"Q COMMIT"}) == "CZI");
  CHECK(outage.world.writes() == 1);
  CHECK(outage.world.problems().empty());
}

TEST_CASE("a transaction that cannot begin again on the next primary is lost, not read-only") {
  WorldOptions options = with_replay();
  options.session.transaction_replay = false;
  Outage outage(options);
  close_primary(outage);
  outage.say({"Q BEGIN"});
  CHECK(outage.say({"Q SELECT 'me' FROM t1 FOR UPDATE"}).ends_with("TDCZT"));
  CHECK(outage.say({"Q INSERT INTO t VALUES ('me')"}) == "E40001ZE");
  CHECK(outage.say({"Q ROLLBACK"}) == "CZI");
}

TEST_CASE("a transaction on a primary that stays closed is lost after a while") {
  Outage outage;
  close_primary(outage);
  outage.say({"Q BEGIN"});
  CHECK(outage.say({"Q SELECT 'me' FROM t1 FOR UPDATE"}).ends_with("TDCZT"));
  CHECK(outage.say({"Q INSERT INTO t VALUES ('me')"}).empty());
  outage.world.pass(2s);
  outage.world.run();
  CHECK(outage.heard() == "E40001ZE");
}

TEST_CASE("a transaction that asked to be read-only is told 25006") {
  Outage outage;
  close_primary(outage);
  outage.say({"Q BEGIN READ ONLY"});
  outage.say({"Q SELECT 'me' FROM t1 FOR UPDATE"});
  CHECK(outage.say({"Q INSERT INTO t VALUES ('me')"}) == "E25006ZE");
}
