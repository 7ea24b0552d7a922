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
