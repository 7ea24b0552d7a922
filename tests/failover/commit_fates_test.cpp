#include "failover/commit_fates.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

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
  fates.on(FateRequest{1, {xid, kOldPrimary, Epoch{1}, false, {}, {}}, 30s}, Instant(1s));
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

namespace {

// One primary, asked once a second; it was last seen before the restart at 2 s, and after it at 3 s. The restart began at 2.4 s.
struct SamePrimary {
  NullLog log;
  StepDesk desk;
  CommitFates fates{desk, log};
  Actions<Action> out;
  health::NodeFacts facts;
  Duration restarted_at = 2400ms;

  explicit SamePrimary(std::string synchronous_names = "") {
    facts.answers = true;
    facts.last = health::ProbeResult{.synchronous_names = std::move(synchronous_names), .run = "a"};
    see(1s), see(2s);
  }
  void see(Duration at) {
    const Instant now(at);
    facts.last_asked_at = facts.last_answered_at = now;
    if (facts.last->run != "a") facts.last->run_beginning = health::RunBeginning{at - restarted_at, {}};
    fates.see(facts);
    out.clear();
    fates.advance(kOldPrimary, now, Epoch{1}, 5s, now, out);
  }
  void restart(std::string run = "b", std::uint64_t first_xid = 700) {
    facts.last->run = std::move(run);
    facts.last->first_xid = first_xid;
  }
  void ask(CommitDoubt doubt) { fates.on(FateRequest{1, doubt, 30s}, Instant(2500ms)); }
  // To the step that was sent last.
  void answer(std::vector<std::string> row, bool is_ok = true) {
    const StepId id = std::get<RunSql>(out[0]).id;
    out.clear();
    CHECK(fates.on(SqlDone{.id = id, .node = kOldPrimary, .is_ok = is_ok, .rows = {std::move(row)}}));
    fates.advance(kOldPrimary, facts.last_asked_at, Epoch{1}, 5s, facts.last_asked_at, out);
  }
  std::string sent() const {
    const auto* step = out.size() == 0 ? nullptr : std::get_if<RunSql>(&out[0]);
    return step == nullptr ? "" : step->statements[0];
  }
  // Empty: not told yet.
  std::string fate() const {
    const auto* told = out.size() == 0 ? nullptr : std::get_if<Fate>(&out[0]);
    return told == nullptr ? "" : to_text(told->outcome);
  }
};

CommitDoubt doubt_of(std::uint64_t xid, Duration asked_at = 1500ms, bool is_prepared = false) {
  return {xid, kOldPrimary, Epoch{1}, is_prepared, Instant(500ms), Instant(asked_at)};
}

}  // namespace

TEST_CASE("a primary that has only restarted is asked once it answers, and ids it hands out again are told first") {
  struct Row {
    std::uint64_t xid;
    const char* status;
    const char* fate;
  };
  const Row row = GENERATE(Row{699, "committed", "committed"}, Row{699, "aborted", "not committed"}, Row{699, "prepared", "prepared"},
                           Row{700, "committed", "not committed"}, Row{700, "", "not committed"}, Row{699, "", "unknown"});
  CAPTURE(row.xid, row.status);
  SamePrimary primary;
  primary.ask(doubt_of(row.xid));
  primary.see(2s);
  CHECK(primary.sent().empty());
  primary.restart();
  primary.see(3s);
  CHECK(primary.sent().find(fmt::format("pg_xact_status('{}'", row.xid)) != std::string::npos);
  primary.answer({"b", row.status});
  CHECK(primary.fate() == row.fate);
}

TEST_CASE("who came after the last answer of the run before, and before the server accepted nobody, was in that run") {
  SamePrimary primary;
  primary.ask({699, kOldPrimary, Epoch{1}, false, Instant(2100ms), Instant(2200ms)});
  primary.facts.answers = false;
  primary.facts.failure = GENERATE(health::FailureKind::crash_restart, health::FailureKind::refused, health::FailureKind::lost);
  const bool is_known = primary.facts.failure != health::FailureKind::lost;
  primary.facts.last_failed_at = primary.facts.last_failure_at = Instant(2300ms);
  primary.fates.see(primary.facts);
  primary.facts.answers = true;
  primary.restart();
  primary.see(3s);
  primary.answer({"b", "committed"});
  CHECK(primary.fate() == (is_known ? "committed" : "unknown"));
}

TEST_CASE("without a restart the primary says what is so, once the transaction is over") {
  SamePrimary primary;
  primary.ask(doubt_of(705));
  primary.see(3s);
  primary.answer({"a", GENERATE("in progress", "")});
  CHECK(primary.fate().empty());
  CHECK(primary.sent().empty());
  primary.see(4s);
  primary.answer({"a", "committed"});
  CHECK(primary.fate() == "committed");
}

TEST_CASE("what cannot be told is unknown: whose run it was, which ids it hands out again, what was or may have been between") {
  SamePrimary primary;
  const int which = GENERATE(0, 1, 2, 3);
  CAPTURE(which);
  if (which == 0) {
    primary.restart();
    primary.ask({699, kOldPrimary, Epoch{1}, false, Instant(2100ms), Instant(2400ms)});  // it came and asked while nobody looked
  } else if (which == 1) {
    primary.restart("b", 0);
    primary.ask(doubt_of(699));
  } else if (which == 2) {
    primary.ask(doubt_of(699));
    primary.restart("a b");  // a crash: its recovery was not longer than nobody looked
  } else {
    primary.ask(doubt_of(699));
    primary.restart("b", 690);
    primary.see(2400ms);
    primary.restart("c", 700);
  }
  primary.see(3s);
  primary.answer({which == 3 ? "c" : which == 2 ? "a b" : "b", "committed"});
  CHECK(primary.fate() == "unknown");
}

TEST_CASE("an answer of a run that was not seen, or none, is asked for again") {
  SamePrimary primary;
  primary.ask(doubt_of(699));
  primary.restart();
  primary.see(3s);
  GENERATE(true, false) ? primary.answer({"c", "committed"}) : primary.answer({}, false);
  CHECK(primary.fate().empty());
  primary.see(4s);
  primary.answer({"b", "committed"});
  CHECK(primary.fate() == "committed");
}

TEST_CASE("what the same primary has committed is told when standbys that are waited for have it") {
  SamePrimary primary("ANY 1 (a, b)");
  primary.ask(doubt_of(699));
  primary.restart();
  primary.see(3s);
  primary.answer({"b", "committed"});
  CHECK(primary.sent().find("pg_logical_emit_message") != std::string::npos);
  primary.answer({}, false);
  CHECK(primary.fate().empty());
  CHECK(primary.sent().empty());
  primary.see(4s);
  CHECK(primary.sent().find("pg_logical_emit_message") != std::string::npos);
  primary.answer({});
  CHECK(primary.fate() == "committed");
}

TEST_CASE("what it has not committed waits for no standby") {
  SamePrimary primary("ANY 1 (a, b)");
  primary.ask(doubt_of(700));
  primary.restart();
  primary.see(3s);
  primary.answer({"b", ""});
  CHECK(primary.fate() == "not committed");
}

TEST_CASE("what was prepared before is on the disk: any run of the same primary knows it") {
  SamePrimary primary;
  primary.ask(doubt_of(705, 2400ms, true));
  primary.restart("b", 700);
  primary.see(3s);
  primary.answer({}, false);  // it had only begun to restart
  CHECK(primary.fate().empty());
  primary.see(4s);
  primary.answer({"b", "committed"});
  CHECK(primary.fate() == "committed");
}

TEST_CASE("on a standby that is promoted after a restart, nobody tells what was lost in that") {
  const bool is_of_last_run = GENERATE(true, false);
  SamePrimary primary;
  primary.restart();
  primary.see(3s);
  primary.fates.begin_promotion();
  primary.fates.note_fork({.node = kNewPrimary, .is_ok = true, .rows = {{"800", "0/5000"}}});
  primary.fates.begin_epoch(true);
  primary.ask(doubt_of(705, is_of_last_run ? 3500ms : 1500ms));
  primary.out.clear();
  primary.fates.advance(kNewPrimary, Instant(4s), Epoch{2}, 5s, Instant(4s), primary.out);
  CHECK(primary.fate() == (is_of_last_run ? "" : "unknown"));
}

TEST_CASE("what the old primary says of it after another has come into office does not count") {
  NullLog log;
  StepDesk desk;
  CommitFates fates(desk, log);
  Actions<Action> out;
  fates.on(FateRequest{1, {699, kOldPrimary, Epoch{1}, true, {}, {}}, 30s}, Instant(1s));
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
  fates.on(FateRequest{1, {699, kOldPrimary, Epoch{1}, false, {}, {}}, 30s}, Instant(3s));
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
