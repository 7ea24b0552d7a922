#include "gateway/pool/outdated_logins.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace howdah;

namespace {

// Two servers; what the primary had flushed at 10 ms is 100, and the standby has replayed `replayed`.
ClusterView seen(Lsn replayed, Instant asked_at = Instant{10ms}) {
  ClusterView view;
  view.nodes.resize(2);
  for (std::uint8_t i = 0; i < 2; ++i) {
    view.nodes[i].id = NodeId{i};
    view.nodes[i].state = NodeState::up;
    view.nodes[i].replayed = replayed;
  }
  view.primary = NodeId{0};
  view.primary_sample = PrimarySample{asked_at, Lsn{100}};
  return view;
}

}  // namespace

TEST_CASE("a standby's connections are outdated again when it has replayed the change, once") {
  OutdatedLogins logins;
  logins.note({"ann", ""}, Instant{5ms}, seen(Lsn{90}));
  CHECK(logins.caught_up(seen(Lsn{90})).empty());
  const auto told = logins.caught_up(seen(Lsn{100}));
  REQUIRE(told.size() == 1);
  CHECK(told[0].node == NodeId{1});
  CHECK(told[0].change == LoginChange{"ann", ""});
  CHECK(logins.caught_up(seen(Lsn{100})).empty());
}

TEST_CASE("what was flushed before the change says nothing about it") {
  OutdatedLogins logins;
  logins.note({"ann", ""}, Instant{20ms}, seen(Lsn{100}));
  CHECK(logins.caught_up(seen(Lsn{100})).empty());
  CHECK(logins.caught_up(seen(Lsn{100}, Instant{21ms})).size() == 1);
}

TEST_CASE("the same change twice is awaited from the second on") {
  OutdatedLogins logins;
  logins.note({"ann", ""}, Instant{5ms}, seen(Lsn{90}));
  logins.note({"ann", ""}, Instant{20ms}, seen(Lsn{90}));
  CHECK(logins.caught_up(seen(Lsn{100})).empty());
  CHECK(logins.caught_up(seen(Lsn{100}, Instant{21ms})).size() == 1);
}

TEST_CASE("a standby that became the primary has the change, one that is gone is awaited no more") {
  OutdatedLogins logins;
  logins.note({"ann", ""}, Instant{5ms}, seen(Lsn{90}));
  ClusterView promoted = seen(Lsn{90});
  promoted.primary = NodeId{1};
  CHECK(logins.caught_up(promoted).size() == 1);

  logins.note({"ann", ""}, Instant{5ms}, seen(Lsn{90}));
  ClusterView alone = seen(Lsn{90});
  alone.nodes.resize(1);
  CHECK(logins.caught_up(alone).empty());
  CHECK(logins.caught_up(seen(Lsn{100})).empty());
}

TEST_CASE("of too many changes that a standby has not replayed, it is kept that there were some") {
  OutdatedLogins logins;
  for (int i = 0; i < 1001; ++i) logins.note({std::to_string(i), ""}, Instant{5ms}, seen(Lsn{90}));
  const auto told = logins.caught_up(seen(Lsn{100}));
  REQUIRE(told.size() == 1);
  CHECK(told[0].change.concerns("ann", "shop"));
}
