#include "failover/commit_fates.hpp"

#include <catch2/catch.hpp>

using namespace howdah;
using namespace howdah::failover;

namespace {

constexpr NodeId kOldPrimary{0}, kNewPrimary{1};

// What becomes of transaction `xid` when the new primary, which has all up to 700, says `status` of it. Empty: it is not asked.
CommitOutcome fate_of(std::uint64_t xid, const std::string& status) {
  NullLog log;
  StepDesk desk;
  CommitFates fates(desk, log);
  Actions<Action> out;
  fates.begin_promotion();
  fates.note_fork({.node = kNewPrimary, .is_ok = true, .rows = {{"700", "0/5000"}}});
  fates.begin_epoch(true);
  fates.on(FateRequest{1, {xid, kOldPrimary, Epoch{1}}, 30s}, Instant(1s));
  fates.advance(kNewPrimary, Instant(1s), Epoch{2}, 5s, Instant(1s), out);
  const RunSql step = std::get<RunSql>(out[0]);
  const bool is_asked = step.statements[0].find("pg_xact_status") != std::string::npos;
  CHECK(is_asked == !status.empty());
  SqlDone done{.id = step.id, .node = kNewPrimary, .is_ok = true, .rows = {{"0/5000"}}};
  if (is_asked) done.rows[0].push_back(status);
  CHECK(fates.on(done));
  out.clear();
  fates.advance(kNewPrimary, Instant(2s), Epoch{2}, 5s, Instant(2s), out);
  return std::get<Fate>(out[0]).outcome;
}

}  // namespace

TEST_CASE("a transaction that was prepared and not ended is told so") {
  CHECK(fate_of(699, "in progress") == CommitOutcome::prepared);
  CHECK(fate_of(699, "committed") == CommitOutcome::committed);
  CHECK(fate_of(699, "aborted") == CommitOutcome::not_committed);
  CHECK(fate_of(699, "strange") == CommitOutcome::unknown);
}

TEST_CASE("an id from the fork on is a stranger's by now: it is not asked for") { CHECK(fate_of(700, "") == CommitOutcome::not_committed); }

TEST_CASE("of what was prepared before a primary knows that has only restarted, and it is asked once it answers") {
  const bool is_prepared = GENERATE(false, true);
  NullLog log;
  StepDesk desk;
  CommitFates fates(desk, log);
  Actions<Action> out;
  fates.on(FateRequest{1, {699, kOldPrimary, Epoch{1}, is_prepared}, 30s}, Instant(1s));
  fates.advance(kOldPrimary, Instant(1s), Epoch{1}, 5s, Instant(1s), out);
  CHECK(out.empty());
  fates.advance(kOldPrimary, Instant(3s), Epoch{1}, 5s, Instant(3s), out);
  REQUIRE(out.size() == 1);
  if (!is_prepared) {
    CHECK(std::get<Fate>(out[0]).outcome == CommitOutcome::unknown);
    return;
  }
  const RunSql step = std::get<RunSql>(out[0]);
  CHECK(step.node == kOldPrimary);
  CHECK(step.statements[0].find("pg_xact_status('699'") != std::string::npos);
  out.clear();
  CHECK(fates.on(SqlDone{.id = step.id, .node = kOldPrimary, .is_ok = false}));  // it had only begun to restart
  fates.advance(kOldPrimary, Instant(3s), Epoch{1}, 5s, Instant(3s), out);
  CHECK(out.empty());
  fates.advance(kOldPrimary, Instant(4s), Epoch{1}, 5s, Instant(4s), out);
  const RunSql again = std::get<RunSql>(out[0]);
  out.clear();
  CHECK(fates.on(SqlDone{.id = again.id, .node = kOldPrimary, .is_ok = true, .rows = {{"", "committed"}}}));
  fates.advance(kOldPrimary, Instant(4s), Epoch{1}, 5s, Instant(4s), out);
  CHECK(std::get<Fate>(out[0]).outcome == CommitOutcome::committed);
}

TEST_CASE("what the old primary says of it after another has come into office does not count") {
  NullLog log;
  StepDesk desk;
  CommitFates fates(desk, log);
  Actions<Action> out;
  fates.on(FateRequest{1, {699, kOldPrimary, Epoch{1}, true}, 30s}, Instant(1s));
  fates.advance(kOldPrimary, Instant(3s), Epoch{1}, 5s, Instant(3s), out);
  const RunSql late = std::get<RunSql>(out[0]);
  fates.begin_promotion();
  fates.note_fork({.node = kNewPrimary, .is_ok = true, .rows = {{"600", "0/5000"}}});
  fates.begin_epoch(true);
  CHECK_FALSE(fates.on(SqlDone{.id = late.id, .node = kOldPrimary, .is_ok = true, .rows = {{"", "committed"}}}));
  out.clear();
  fates.advance(kNewPrimary, Instant(4s), Epoch{2}, 5s, Instant(4s), out);
  const RunSql step = std::get<RunSql>(out[0]);
  CHECK(step.node == kNewPrimary);
  CHECK(fates.on(SqlDone{.id = step.id, .node = kNewPrimary, .is_ok = true, .rows = {{"0/5000"}}}));
  out.clear();
  fates.advance(kNewPrimary, Instant(4s), Epoch{2}, 5s, Instant(4s), out);
  CHECK(std::get<Fate>(out[0]).outcome == CommitOutcome::not_committed);
}

TEST_CASE("the gateway that has promoted tells the others where the histories part, and they wait for that, not for long") {
  const bool is_told = GENERATE(false, true);
  NullLog log;
  StepDesk desk;
  CommitFates fates(desk, log);
  Actions<Action> out;
  fates.begin_epoch(false, Instant(5s));
  fates.on(FateRequest{1, {699, kOldPrimary, Epoch{1}}, 30s}, Instant(3s));
  fates.advance(kNewPrimary, Instant(3s), Epoch{2}, 5s, Instant(3s), out);
  CHECK(out.empty());
  CHECK(fates.next_deadline() == Instant(5s));
  fates.learn({});
  if (is_told) fates.learn({700, "0/5000"});
  fates.advance(kNewPrimary, Instant(5s), Epoch{2}, 5s, Instant(5s), out);
  REQUIRE(out.size() == 1);
  if (!is_told) {
    CHECK(std::get<Fate>(out[0]).outcome == CommitOutcome::unknown);
    return;
  }
  CHECK(std::get<RunSql>(out[0]).statements[0].find("pg_xact_status('699'") != std::string::npos);
}
