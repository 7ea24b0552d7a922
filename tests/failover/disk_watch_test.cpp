#include "failover/disk_watch.hpp"

#include <catch2/catch.hpp>

using namespace howdah;
using namespace howdah::failover;

namespace {

struct LinesLog final : Log {
  bool is_enabled(LogLevel) const override { return true; }
  void write(LogLevel, std::string_view line) override { lines.emplace_back(line.substr(0, line.find(" node="))); }
  std::vector<std::string> lines;
};
using Lines = std::vector<std::string>;

// A primary that answers every half second, and what the watch does about it.
struct Site {
  void answer(std::uint64_t inserted, std::uint64_t flushed) {
    now += 500ms;
    node.answers = true;
    node.last = health::ProbeResult{.inserted = Lsn{inserted}, .flushed = Lsn{flushed}};
    node.last_asked_at = now;
    advance();
  }
  void advance() {
    out.clear();
    watch.advance(&node, 5s, now, out);
    if (!out.empty()) step = std::get<RunSql>(out[0]).id, ++writes;
  }
  void end_write(bool is_ok) { REQUIRE(watch.on({.id = step, .node = NodeId{0}, .is_ok = is_ok}, now)); }

  LinesLog log;
  StepDesk desk;
  DiskWatch watch{desk, log};
  health::NodeFacts node{.options = {.id = NodeId{0}, .host = "pg0"}};
  Instant now{100s};
  Actions<Action> out;
  StepId step = 0;
  int writes = 0;
};

}  // namespace

TEST_CASE("a primary that answers, and whose WAL stands still while a write does not come back, has a hung disk") {
  Site site;
  for (int i = 0; i < 6; ++i) site.answer(100, 90);
  CHECK(site.writes == 1);
  for (int i = 0; i < 10; ++i) site.answer(110, 90);
  site.end_write(false);
  site.advance();
  CHECK(site.watch.is_hung());
  for (int i = 0; i < 60; ++i) site.answer(120, 90);
  CHECK(site.writes == 1);  // another would only hang, too
  CHECK(site.log.lines == Lines{"disk hangs"});
  site.answer(130, 130);
  CHECK_FALSE(site.watch.is_hung());
  CHECK(site.log.lines == Lines{"disk hangs", "disk writes again"});
}

TEST_CASE("records that nobody waits for are usual: a write that comes back clears the disk") {
  Site site;
  for (int i = 0; i < 6; ++i) site.answer(100, 90);
  site.end_write(true);
  for (int i = 0; i < 10; ++i) site.answer(100, 90);
  CHECK(site.writes == 1);
  for (int i = 0; i < 10; ++i) site.answer(100, 100);
  CHECK(site.writes == 1);
  CHECK(site.log.lines.empty());
}

TEST_CASE("nothing is written to a primary whose WAL moves, or is all flushed") {
  Site site;
  for (std::uint64_t i = 0; i < 50; ++i) site.answer(100 + 2 * i, 90 + i);
  for (int i = 0; i < 50; ++i) site.answer(500, 500);
  CHECK(site.writes == 0);
}

TEST_CASE("a write that fails at once, or with the server, is no matter of the disk") {
  Site site;
  for (int i = 0; i < 6; ++i) site.answer(100, 90);
  site.end_write(false);
  site.answer(100, 90);
  CHECK_FALSE(site.watch.is_hung());
  Site silent;
  for (int i = 0; i < 6; ++i) silent.answer(100, 90);
  silent.now += 6s;
  silent.end_write(false);
  silent.node.answers = false;
  silent.advance();
  CHECK_FALSE(silent.watch.is_hung());
}
