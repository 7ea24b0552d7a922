#include "tests/gateway/pool/pool_world.hpp"

#include <catch2/catch.hpp>

using namespace howdah;
using Link = PoolWorld::Link;
using ClientFate = PoolWorld::Fate;

namespace {

PoolOptions with_check(std::uint32_t pool_size) {
  PoolOptions options{.limits = {.default_pool_size = pool_size}};
  options.check_delay = 30s;
  options.check_timeout = 15s;
  return options;
}

// Lies about for `unused`.
BackendId lent_and_returned(PoolWorld& world, Duration unused) {
  const SessionId session = world.ask(0, kShop);
  world.open_all();
  const BackendId backend = world.client(session).backend;
  world.give_back(session);
  world.pass(unused);
  return backend;
}

}  // namespace

TEST_CASE("what was used a moment ago is lent unasked, what was not is asked first") {
  PoolWorld world{1, with_check(20)};
  const BackendId backend = lent_and_returned(world, 30s);
  const SessionId soon = world.ask(0, kShop);
  CHECK(world.client(soon).backend == backend);
  world.give_back(soon);
  world.pass(31s);
  const SessionId late = world.ask(0, kShop);
  CHECK(world.client(late).fate == ClientFate::waiting);
  CHECK(world.pool(0, kShop).count(BackendState::checking) == 1);
  CHECK(world.where(Link::opening).empty());  // one is enough
  world.reset_done(backend, true);
  CHECK(world.client(late).backend == backend);
  CHECK(world.checks == 1);
}

TEST_CASE("only as many are asked as are waited for, and the others get new ones") {
  PoolWorld world{1, with_check(3)};
  const SessionId first = world.ask(0, kShop), second = world.ask(0, kShop);
  world.open_all();
  world.give_back(first);
  world.give_back(second);
  world.pass(31s);
  world.ask(0, kShop);
  CHECK(world.checks == 1);
  world.ask(0, kShop);
  CHECK(world.checks == 2);
  CHECK(world.where(Link::opening).empty());
  world.ask(0, kShop);
  CHECK(world.checks == 2);
  CHECK(world.where(Link::opening).size() == 1);
}

TEST_CASE("one that is lost while it is asked is replaced by a new one") {
  PoolWorld world{1, with_check(1)};
  const BackendId backend = lent_and_returned(world, 31s);
  const SessionId session = world.ask(0, kShop);
  SECTION("the server is gone") { world.lost(backend); }
  SECTION("it answers with an error") {
    world.reset_done(backend, false);
    world.finish_closing();
  }
  world.open_all();
  CHECK(world.client(session).fate == ClientFate::granted);
  CHECK(world.client(session).backend != backend);
}

TEST_CASE("what another worker has left unused is asked, too, before it is lent") {
  PoolWorld world{2, with_check(1)};
  const BackendId backend = lent_and_returned(world, 31s);
  const SessionId session = world.ask(1, kShop);
  world.deliver_all();
  CHECK(world.hand_overs == 1);
  CHECK(world.checks == 1);
  CHECK(world.client(session).fate == ClientFate::waiting);
  SECTION("it answers") {
    world.reset_done(backend, true);
    CHECK(world.client(session).backend == backend);
  }
  SECTION("it does not") {
    world.reset_done(backend, false);
    world.finish_closing();
    world.open_all();
    CHECK(world.client(session).fate == ClientFate::granted);
    CHECK(world.client(session).backend != backend);
  }
}

TEST_CASE("what is ordered away on its way to another worker is replaced for who waits there") {
  PoolWorld world{2, PoolOptions{.limits = {.default_pool_size = 1}}};
  lent_and_returned(world, 1s);
  world.pass(1s);
  const SessionId session = world.ask(1, kShop);
  world.feed(1, kShop, OrdersChanged{false, world.now});
  world.deliver_all();
  world.finish_closing();
  world.open_all();
  CHECK(world.client(session).fate == ClientFate::granted);
}

TEST_CASE("one that does not answer in time is closed, and who waits gets another") {
  PoolWorld world{1, with_check(1)};
  const BackendId backend = lent_and_returned(world, 31s);
  const SessionId session = world.ask(0, kShop);
  world.pass(14s);
  world.tick();
  CHECK(world.pool(0, kShop).count(BackendState::checking) == 1);
  CHECK(world.pool(0, kShop).next_deadline() == world.now + 1s);
  world.pass(1s);
  world.tick();
  CHECK(world.closes[BackendCloseReason::check_failed] == 1);
  world.finish_closing();
  world.open_all();
  CHECK(world.client(session).fate == ClientFate::granted);
  CHECK(world.client(session).backend != backend);
}

TEST_CASE("a connection whose cancel request was given up on its way is never lent again") {
  PoolWorld world{1, with_check(1)};
  const SessionId first = world.ask(0, kShop);
  world.open_all();
  const BackendId backend = world.client(first).backend;
  const SessionId next = world.ask(0, kShop);
  world.cancel(backend, true);
  SECTION("before it is returned") {
    world.give_up_cancel(backend);
    world.give_back(first);
  }
  SECTION("while its end is waited for") {
    world.give_back(first);
    CHECK(world.client(next).fate == ClientFate::waiting);
    world.give_up_cancel(backend);
  }
  CHECK(world.closes[BackendCloseReason::cancel_in_flight] == 1);
  world.finish_closing();
  world.open_all();
  CHECK(world.client(next).fate == ClientFate::granted);
  CHECK(world.client(next).backend != backend);
}
