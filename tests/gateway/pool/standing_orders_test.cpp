#include "gateway/standing_orders.hpp"

#include "tests/gateway/pool/pool_world.hpp"

#include <catch2/catch.hpp>

using namespace howdah;
using Link = PoolWorld::Link;

namespace {


PoolOptions options() {
  PoolOptions out;
  out.limits.hand_over_after = 0s;
  out.limits.default_pool_size = 2;
  return out;
}

void pause(PoolWorld& world, bool is_paused) {
  for (std::uint16_t w = 0; w < world.workers.size(); ++w) world.feed(w, kShop, OrdersChanged{.is_paused = is_paused});
  world.deliver_all();
}

}  // namespace

TEST_CASE("a paused pool closes what is free at once and what is lent when it comes back") {
  PoolWorld world{2, options()};
  const SessionId busy = world.ask(0, kShop);
  world.open_all();
  const SessionId idle = world.ask(1, kShop);
  world.open_all();
  world.give_back(idle);
  pause(world, true);
  world.finish_closing();
  CHECK(world.budget.used_by("shop") == 1);
  world.give_back(busy);
  world.finish_closing();
  CHECK(world.budget.used_by("shop") == 0);
  CHECK(world.closes[BackendCloseReason::ordered] == 2);
}

TEST_CASE("who asks while it is paused waits and is served in turn after RESUME") {
  PoolWorld world{2, options()};
  pause(world, true);
  const SessionId first = world.ask(0, kShop);
  world.pass(1s);
  const SessionId second = world.ask(1, kShop);
  world.pass(1s);
  const SessionId third = world.ask(0, kShop);
  world.open_all();
  CHECK(world.servers.empty());
  CHECK(world.with(PoolWorld::Fate::waiting).size() == 3);
  pause(world, false);
  world.open_all();
  CHECK(world.holds(first));
  CHECK(world.holds(second));
  CHECK(world.client(third).fate == PoolWorld::Fate::waiting);
  world.give_back(first);
  world.deliver_all();
  CHECK(world.holds(third));
}

TEST_CASE("a pause that comes while a connection is being opened leaves none") {
  PoolWorld world{1, options()};
  const SessionId waiter = world.ask(0, kShop);
  world.deliver_all();
  REQUIRE(world.where(Link::opening).size() == 1);
  pause(world, true);
  world.finish_closing();
  CHECK(world.budget.used_by("shop") == 0);
  CHECK(world.client(waiter).fate == PoolWorld::Fate::waiting);
  pause(world, false);
  world.open_all();
  CHECK(world.holds(waiter));
}

TEST_CASE("a connection that is handed over while the pause comes is closed on arrival") {
  PoolOptions narrow = options();
  narrow.limits.default_pool_size = 1;
  PoolWorld world{2, narrow};
  const SessionId holder = world.ask(0, kShop);
  world.open_all();
  world.pass(1s);
  world.ask(1, kShop);
  world.deliver_all();
  world.give_back(holder);
  REQUIRE(world.where(Link::moving).size() == 1);
  for (std::uint16_t w = 0; w < 2; ++w) world.feed(w, kShop, OrdersChanged{.is_paused = true});
  CHECK(world.budget.used_by("shop") == 1);  // still counted, so PAUSE goes on waiting
  world.deliver_all();
  world.finish_closing();
  CHECK(world.budget.used_by("shop") == 0);
}

TEST_CASE("query_wait_timeout goes on during a pause and names it") {
  PoolWorld world{1, options()};
  pause(world, true);
  const SessionId waiter = world.ask(0, kShop);
  world.pass(2min);
  world.tick();
  CHECK(world.client(waiter).fate == PoolWorld::Fate::refused);
  CHECK(world.client(waiter).error.detail == "database \"shop\" is paused");
}

TEST_CASE("the reserve and spare connections keep still during a pause") {
  PoolOptions with = options();
  with.limits.reserve_pool_size = 1;
  with.limits.min_pool_size = 2;
  PoolWorld world{1, with};
  world.ask(0, kShop);
  world.open_all();
  pause(world, true);
  world.ask(0, kShop);
  for (int i = 0; i < 20; ++i) {
    world.pass(1s);
    const auto due = world.pool(0, kShop).next_deadline();
    REQUIRE((!due || *due > world.now));  // nothing is due again and again
    world.tick();
  }
  CHECK(world.where(Link::opening).empty());
}

TEST_CASE("RECONNECT retires what was opened before it and nothing else") {
  PoolWorld world{1, options()};
  const SessionId old = world.ask(0, kShop);
  world.open_all();
  const SessionId idle = world.ask(0, kShop);
  world.open_all();
  world.give_back(idle);
  world.pass(1s);
  world.feed(0, kShop, OrdersChanged{.retire_before = world.now});
  world.finish_closing();
  CHECK(world.budget.used_by("shop") == 1);
  const SessionId fresh = world.ask(0, kShop);
  world.open_all();
  CHECK(world.holds(fresh));
  world.give_back(old);
  world.give_back(fresh);
  world.finish_closing();
  CHECK(world.where(Link::open).size() == 1);
  CHECK(world.closes[BackendCloseReason::ordered] == 2);
}

TEST_CASE("RECONNECT gives up a login to the old server and begins anew for who waits") {
  PoolWorld world{1, options()};
  const SessionId waiter = world.ask(0, kShop);
  world.deliver_all();
  const BackendId before = world.where(Link::opening).at(0);
  world.pass(1s);
  world.feed(0, kShop, OrdersChanged{.retire_before = world.now});
  world.finish_closing();
  world.open_all();
  CHECK(world.holds(waiter));
  CHECK(world.client(waiter).backend != before);
}

TEST_CASE("orders for all databases hold for each, with its own") {
  StandingOrders orders{.is_paused = true, .retire_before = Instant{} + 2s};
  orders.databases["shop"] = {.is_disabled = true, .retire_before = Instant{} + 1s};
  CHECK(orders.of("shop").is_paused);
  CHECK(orders.of("shop").is_disabled);
  CHECK(orders.of("shop").retire_before == Instant{} + 2s);
  CHECK_FALSE(orders.of("other").is_disabled);
}
