#include "failover/timeline.hpp"

#include <catch2/catch.hpp>

using namespace howdah;
using namespace howdah::failover;

TEST_CASE("a failover is told step by step, a mere doubt is forgotten") {
  Timeline timeline;
  const Instant now = Instant{} + 100s;
  timeline.note("steady", "nothing is open", now);
  timeline.begin(NodeId{0}, now);
  timeline.note("suspect", "refused", now);
  timeline.end(false);
  CHECK(timeline.records().empty());

  timeline.begin(NodeId{0}, now);
  timeline.note("suspect", "refused", now);
  timeline.begin(NodeId{0}, now + 1s);  // is open already
  timeline.note("promoting", "elected", now + 20ms);
  timeline.note_primary(NodeId{1});
  timeline.end(true);
  REQUIRE(timeline.records().size() == 1);
  const FailoverRecord& record = timeline.records().front();
  CHECK(record.number == 1);
  CHECK(record.new_primary == NodeId{1});
  REQUIRE(record.steps.size() == 2);
  CHECK(record.steps[1].elapsed == Duration(20ms));
}

TEST_CASE("only the last failovers are kept") {
  Timeline timeline;
  for (int i = 0; i < 50; ++i) timeline.begin(NodeId{0}, Instant{}), timeline.end(true);
  CHECK(timeline.records().size() == 20);
  CHECK(timeline.records().back().number == 50);
}
