#include "failover/kept_state.hpp"

#include <catch2/catch.hpp>

using namespace howdah;
using namespace howdah::failover;

TEST_CASE("what is kept is read back") {
  const KeptState state{.epoch = Epoch{7}, .primary = NodeId{1}, .timeline = TimelineId{3}, .system_identifier = 7310000000000000001,
                        .nodes = {NodeId{0}, NodeId{1}, NodeId{3}}, .down = {NodeId{0}, NodeId{3}}, .detached = {NodeId{3}},
                        .closed = {{NodeId{0}}, {NodeId{1}, true}, {NodeId{3}, true, "ANY 1 (a, \"b:c\")"}},
                        .former = {NodeId{3}}, .outcasts = {NodeId{0}}};
  CHECK(parse_kept_state(to_pgpool_status(state), to_howdah_status(state)) == state);
}

TEST_CASE("pgpool_status has one word per number, also for numbers that are not used") {
  const KeptState state{.nodes = {NodeId{0}, NodeId{2}}, .down = {NodeId{2}}};
  CHECK(to_pgpool_status(state) == "up\nunused\ndown\n");
}

TEST_CASE("a status without any node that is up is ignored, as Pgpool does") {
  CHECK(parse_kept_state("down\nDOWN\n", "").down.empty());
  CHECK(parse_kept_state("Up\nDOWN\n", "").down == std::vector{NodeId{1}});
}

TEST_CASE("foreign bytes are no state") {
  for (const char* text : {"", "\n\n", "epoch=x\nprimary=\n=\nepoch", "\x01\x02"}) {
    CAPTURE(text);
    const KeptState state = parse_kept_state(text, text);
    CHECK(state.epoch == Epoch{});
    CHECK_FALSE(state.primary.has_value());
  }
}
