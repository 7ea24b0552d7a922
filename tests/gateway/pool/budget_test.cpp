#include "gateway/pool/budget.hpp"

#include "tests/gateway/pool/pool_world.hpp"

#include <catch2/catch.hpp>

using namespace howdah;
using Link = PoolWorld::Link;

namespace {

const PoolKey kTill{"till", "ann", NodeId{0}};

PoolOptions options_with(const PoolLimits& limits) { return PoolOptions{.limits = limits}; }

}  // namespace

TEST_CASE("as many connections are opened as the tightest limit allows") {
  struct Row {
    PoolLimits limits;
    std::size_t shop, till;  // connections after ten sessions asked for each
  };
  const std::vector<Row> rows{
      {{.default_pool_size = 4}, 4, 4},
      {{.default_pool_size = 0}, 10, 10},
      {{.default_pool_size = 4, .reserve_pool_size = 2}, 4, 4},
      {{.default_pool_size = 4, .max_db_connections = 3}, 3, 3},
      {{.default_pool_size = 4, .max_user_connections = 6}, 4, 2},
      {{.default_pool_size = 4, .max_node_connections = 5}, 4, 1},
  };
  for (const Row& row : rows) {
    PoolWorld world{2, options_with(row.limits)};
    for (const PoolKey& key : {kShop, kTill})
      for (std::uint16_t i = 0; i < 10; ++i) world.ask(i % 2, key);
    world.open_all();
    CHECK(world.budget.used(kShop) == row.shop);
    CHECK(world.budget.used(kTill) == row.till);
  }
}

TEST_CASE("who waits for what is being opened is not blocked, who waits for others is") {
  PoolWorld world{2, options_with({.default_pool_size = 1})};
  const SessionId first = world.ask(0, kShop);
  CHECK(world.budget.waiting() == 1);
  CHECK_FALSE(world.budget.has_blocked());
  const SessionId second = world.ask(1, kShop);
  CHECK(world.budget.has_blocked());
  world.open_all();
  CHECK(world.budget.has_blocked());
  world.give_back(first);
  world.deliver_all();
  CHECK(world.client(second).fate == PoolWorld::Fate::granted);
  CHECK_FALSE(world.budget.has_blocked());
}

TEST_CASE("a pool may have limits of its own, and others under the same limit keep theirs") {
  const PoolKey bob{"shop", "bob", NodeId{0}};
  PoolWorld world{2, [&](const PoolKey& key) {
                    PoolLimits limits{.default_pool_size = 4};
                    if (key == kTill) limits.default_pool_size = 2;
                    if (key.database == "shop") limits.max_db_connections = 5;
                    return options_with(limits);
                  }};
  for (const PoolKey& key : {kShop, kTill, bob})
    for (std::uint16_t i = 0; i < 10; ++i) world.ask(i % 2, key);
  world.open_all();
  CHECK(world.budget.used(kShop) == 4);
  CHECK(world.budget.used(kTill) == 2);
  CHECK(world.budget.used(bob) == 1);
}

TEST_CASE("the reserve opens for those who waited reserve_pool_timeout") {
  PoolWorld world{1, options_with({.default_pool_size = 2, .reserve_pool_size = 1})};
  for (int i = 0; i < 5; ++i) world.ask(0, kShop);
  world.open_all();
  CHECK(world.budget.used(kShop) == 2);
  world.pass(5s);
  world.tick();
  world.open_all();
  CHECK(world.budget.used(kShop) == 3);
}

TEST_CASE("an idle connection moves to the worker that waits, even when it lay idle before") {
  PoolWorld world{2, options_with({.default_pool_size = 1})};
  const SessionId first = world.ask(0, kShop);
  world.open_all();
  const BackendId backend = world.client(first).backend;
  world.give_back(first);
  const SessionId second = world.ask(1, kShop);
  world.deliver_all();
  CHECK(world.client(second).backend == backend);
  CHECK(world.servers.at(backend).worker == 1);
}

TEST_CASE("a connection moves between busy workers only for who waits longer by hand_over_after") {
  for (const bool is_older : {false, true}) {
    PoolWorld world{2, options_with({.default_pool_size = 1, .hand_over_after = 5ms})};
    const SessionId holder = world.ask(0, kShop);
    world.open_all();
    const SessionId elsewhere = world.ask(1, kShop);
    world.pass(is_older ? 6ms : 5ms);
    const SessionId here = world.ask(0, kShop);
    world.give_back(holder);
    world.deliver_all();
    CHECK(world.client(is_older ? elsewhere : here).fate == PoolWorld::Fate::granted);
    CHECK(world.hand_overs == (is_older ? 1 : 0));
  }
}

TEST_CASE("an idle connection of another pool makes room when a shared limit is reached") {
  PoolWorld world{2, options_with({.max_user_connections = 1})};
  const SessionId first = world.ask(0, kShop);
  world.open_all();
  world.give_back(first);
  const SessionId other = world.ask(1, kTill);
  world.deliver_all();
  CHECK(world.closes[BackendCloseReason::made_room] == 1);
  CHECK(world.where(Link::opening).empty());  // not before the old one is gone
  world.finish_closing();
  world.open_all();
  CHECK(world.client(other).fate == PoolWorld::Fate::granted);
}

TEST_CASE("a busy pool makes room for one that has waited longer by make_room_after") {
  PoolWorld world{1, options_with({.max_user_connections = 1, .make_room_after = 500ms})};
  SessionId holder = world.ask(0, kShop);
  world.open_all();
  world.ask(0, kTill);
  for (int turn = 0; turn < 10; ++turn) {
    const SessionId next = world.ask(0, kShop);
    world.pass(100ms);
    world.give_back(holder);
    holder = next;
    if (!world.closes.empty()) break;
    CHECK(turn < 6);
  }
  CHECK(world.closes[BackendCloseReason::made_room] == 1);
  world.finish_closing();
  CHECK(world.servers.at(world.where(Link::opening).at(0)).key == kTill);
}

TEST_CASE("a size that is lowered closes what is free beyond it, and what is lent when it comes back, in all workers") {
  PoolWorld world{2, options_with({.default_pool_size = 6})};
  std::vector<SessionId> sessions;
  for (int i = 0; i < 6; ++i) sessions.push_back(world.ask(static_cast<std::uint16_t>(i % 2), kShop));
  world.open_all();
  for (int i = 0; i < 3; ++i) world.give_back(sessions[static_cast<std::size_t>(i)]);
  Actions<BudgetReply> out;
  world.budget.set_limits([](const PoolKey&) { return PoolLimits{.default_pool_size = 2}; }, out);
  for (const BudgetReply& reply : out) world.workers[reply.worker.value].inbox.push_back(reply);
  world.deliver_all();
  CHECK(world.closes[BackendCloseReason::ordered] == 3);
  for (std::size_t i = 3; i < 6; ++i) world.give_back(sessions[i]);
  world.finish_closing();
  CHECK(world.closes[BackendCloseReason::ordered] == 4);
  CHECK(world.servers.size() == 2);
  const SessionId next = world.ask(0, kShop);
  world.give_back(next);
  CHECK(world.servers.size() == 2);
}

TEST_CASE("min_pool_size is kept over all workers together, one connection at a time") {
  PoolWorld world{2, options_with({.min_pool_size = 3})};
  world.give_back([&] {
    const SessionId session = world.ask(0, kShop);
    world.open_all();
    return session;
  }());
  world.pool(1, kShop);
  for (std::size_t expected : {3U, 3U, 3U}) {
    world.tick();
    world.open_all();
    world.pass(1s);
    CHECK(world.budget.used(kShop) <= expected);
  }
  CHECK(world.budget.used(kShop) == 3);
}

TEST_CASE("where leases are expected so many connections are open before, over all workers together, within the limits") {
  const std::uint32_t limit = GENERATE(20U, 3U);
  PoolWorld world{2, options_with({.default_pool_size = limit})};
  world.feed(0, kShop, LeasesExpected{4});
  world.feed(1, kShop, LeasesExpected{4});
  CHECK(world.budget.used(kShop) == std::min(limit, 4U));
  world.open_all();
  CHECK(world.pool(0, kShop).idle_count() == std::min(limit, 4U));
  world.feed(1, kShop, LeasesExpected{4});
  CHECK(world.budget.used(kShop) == std::min(limit, 4U));
}

TEST_CASE("raised limits serve waiters at once") {
  PoolWorld world{1, options_with({.default_pool_size = 1})};
  world.ask(0, kShop);
  world.ask(0, kShop);
  CHECK(world.budget.used(kShop) == 1);
  Actions<BudgetReply> out;
  world.budget.set_limits([](const PoolKey&) { return PoolLimits{.default_pool_size = 2}; }, out);
  REQUIRE(out.size() >= 1);
  CHECK(std::holds_alternative<PermitGranted>(out[0].news));
}
