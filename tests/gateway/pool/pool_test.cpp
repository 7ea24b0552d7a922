#include "gateway/pool/pool.hpp"

#include "tests/gateway/pool/pool_world.hpp"

#include <catch2/catch.hpp>

using namespace howdah;
using Link = PoolWorld::Link;

namespace {


PoolOptions settings_with(PoolLimits limits) {
  limits.hand_over_after = 0s;
  return PoolOptions{.limits = limits};
}

// A world in which worker 0 has lent `count` connections.
std::vector<SessionId> lend(PoolWorld& world, int count) {
  std::vector<SessionId> sessions;
  for (int i = 0; i < count; ++i) {
    world.pass(1s);
    sessions.push_back(world.ask(0, kShop));
    world.open_all();
  }
  return sessions;
}

}  // namespace

TEST_CASE("while nobody waits a lease is taken and returned without asking the budget") {
  BackendIds ids{WorkerId{0}};
  NullLog log;
  Pool pool{kShop, settings_with({}), ids, log};
  Actions<PoolAction> out;
  pool.on(LeaseAsked{SessionId{1}}, Instant{} + 1s, false, out);
  pool.on(PermitGranted{}, Instant{} + 1s, false, out);
  const BackendId backend = std::get<OpenBackend>(out[1]).backend;
  pool.on(BackendOpened{backend}, Instant{} + 1s, false, out);
  for (std::uint64_t session = 2; session < 5; ++session) {
    out.clear();
    pool.on(LeaseReturned{backend}, Instant{} + 2s, false, out);
    CHECK(out.empty());
    pool.on(LeaseAsked{SessionId{session}}, Instant{} + 2s, false, out);
    REQUIRE(out.size() == 1);
    CHECK(std::get<Grant>(out[0]).backend == backend);
  }
}

TEST_CASE("the most recently used connection is lent first, so that the others grow old") {
  PoolWorld world{1, settings_with({})};
  const auto sessions = lend(world, 3);
  const BackendId last = world.client(sessions[1]).backend;
  world.give_back(sessions[2]);
  world.pass(1s);
  world.give_back(sessions[0]);
  world.pass(1s);
  world.give_back(sessions[1]);
  CHECK(world.client(world.ask(0, kShop)).backend == last);
  world.pass(599s);
  world.tick();
  CHECK(world.closes[BackendCloseReason::idle_timeout] == 2);
}

TEST_CASE("connections opened together do not all end together") {
  PoolOptions settings = settings_with({});
  settings.server_idle_timeout = 0s;
  PoolWorld world{1, settings};
  for (const SessionId session : lend(world, 4)) world.give_back(session);
  world.pass(3600s);
  world.tick();
  CHECK(world.closes[BackendCloseReason::lifetime] == 1);
  world.finish_closing();
  world.pass(1200s);
  world.tick();
  CHECK(world.closes[BackendCloseReason::lifetime] == 2);
}

TEST_CASE("a connection is used once when server_lifetime is 0") {
  PoolOptions settings = settings_with({});
  settings.server_lifetime = 0s;
  PoolWorld world{1, settings};
  world.give_back(lend(world, 1)[0]);
  CHECK(world.where(Link::closing).size() == 1);
}

TEST_CASE("a returned connection is lent again only when no cancel and no reset is under way") {
  PoolWorld world{1, settings_with({.default_pool_size = 1})};
  const SessionId first = lend(world, 1)[0];
  const BackendId backend = world.client(first).backend;
  const SessionId next = world.ask(0, kShop);
  world.cancel(backend, true);
  world.cancel(backend, true);
  world.give_back(first, LeaseReturn::must_reset);
  CHECK(world.pool(0, kShop).count(BackendState::cancelling) == 1);
  world.cancel(backend, false);
  CHECK(world.pool(0, kShop).count(BackendState::cancelling) == 1);
  world.cancel(backend, false);
  CHECK(world.pool(0, kShop).count(BackendState::resetting) == 1);
  CHECK(world.client(next).fate == PoolWorld::Fate::waiting);
  world.reset_done(backend, true);
  CHECK(world.client(next).backend == backend);
}

TEST_CASE("a connection that cannot be reset is closed, and the waiter gets a new one") {
  PoolWorld world{1, settings_with({.default_pool_size = 1})};
  const SessionId first = lend(world, 1)[0];
  const SessionId next = world.ask(0, kShop);
  world.give_back(first, LeaseReturn::must_reset);
  world.reset_done(world.client(first).backend, false);
  CHECK(world.closes[BackendCloseReason::reset_failed] == 1);
  world.finish_closing();
  world.open_all();
  CHECK(world.client(next).fate == PoolWorld::Fate::granted);
}

TEST_CASE(
    "a failed opening is told to all waiters at once, in the server's words, and later ones are spared the wait") {
  for (const ErrorCode code : {ErrorCode::backend_login_failed, ErrorCode::backend_connection_lost}) {
    PoolWorld world{1, settings_with({})};
    const SessionId first = world.ask(0, kShop), second = world.ask(0, kShop);
    world.open_failed(world.where(Link::opening)[0], code);
    const SessionId third = world.ask(0, kShop);
    for (const SessionId session : {first, second, third}) {
      CHECK(world.client(session).fate == PoolWorld::Fate::refused);
      CHECK(world.client(session).error.code == code);
      CHECK(world.client(session).error.message == "the server's words");
    }
  }
}

TEST_CASE("pauses after failed openings start short and double up to server_login_retry") {
  PoolWorld world{1, settings_with({})};
  for (const milliseconds pause : {100ms, 200ms, 400ms, 800ms, 1600ms, 3200ms, 6400ms, 12800ms, 15000ms, 15000ms}) {
    world.ask(0, kShop);
    REQUIRE(world.where(Link::opening).size() == 1);
    world.open_failed(world.where(Link::opening)[0], ErrorCode::backend_connection_lost);
    CHECK(*world.pool(0, kShop).next_deadline() == world.now + pause);
    world.pass(pause);
    world.tick();
  }
}

TEST_CASE("the news that a node is back ends the pause") {
  PoolWorld world{1, settings_with({})};
  world.ask(0, kShop);
  world.open_failed(world.where(Link::opening)[0], ErrorCode::backend_connection_lost);
  world.feed(0, kShop, NodeBack{});
  const SessionId next = world.ask(0, kShop);
  world.open_all();
  CHECK(world.client(next).fate == PoolWorld::Fate::granted);
}

TEST_CASE("when the server has no slot free and nothing of the pool is open, waiters are told so at once") {
  PoolWorld world{1, settings_with({})};
  const SessionId first = world.ask(0, kShop);
  world.open_failed(world.where(Link::opening)[0], ErrorCode::too_many_clients);
  const SessionId second = world.ask(0, kShop);
  for (const SessionId session : {first, second}) {
    CHECK(world.client(session).fate == PoolWorld::Fate::refused);
    CHECK(world.client(session).error.message == "the server's words");
  }
  CHECK(*world.pool(0, kShop).next_deadline() == world.now + 100ms);
  world.pass(100ms);
  world.tick();
  const SessionId third = world.ask(0, kShop);
  world.open_all();
  CHECK(world.client(third).fate == PoolWorld::Fate::granted);
}

TEST_CASE("when the server has no slot free waiters stay, and get what other workers return") {
  PoolWorld world{2, settings_with({})};
  const SessionId holder = lend(world, 1)[0];
  const SessionId waiter = world.ask(1, kShop);
  world.deliver_all();
  world.open_failed(world.where(Link::opening)[0], ErrorCode::too_many_clients);
  world.deliver_all();
  CHECK(world.where(Link::opening).empty());
  CHECK(world.client(waiter).fate == PoolWorld::Fate::waiting);
  world.give_back(holder);
  world.deliver_all();
  CHECK(world.client(waiter).fate == PoolWorld::Fate::granted);
}

TEST_CASE("who waits query_wait_timeout reads which setting limits") {
  struct Row {
    PoolLimits limits;
    std::string hint;
  };
  const std::vector<Row> rows{
      {{.default_pool_size = 1}, "default_pool_size = 1 allows for database \"shop\", user \"ann\", node 0 "},
      {{.max_db_connections = 1}, "max_db_connections = 1 allows for database \"shop\" "},
      {{.max_user_connections = 1}, "max_user_connections = 1 allows for user \"ann\" "},
      {{.max_node_connections = 1}, "max_node_connections = 1 allows for node 0 "},
  };
  for (const Row& row : rows) {
    PoolWorld world{1, settings_with(row.limits)};
    lend(world, 1);
    const SessionId late = world.ask(0, kShop);
    world.pass(120s);
    world.tick();
    CHECK(world.client(late).error.code == ErrorCode::pool_wait_timeout);
    CHECK_THAT(world.client(late).error.hint, Catch::Contains(row.hint));
  }
}

TEST_CASE("a drained pool refuses its waiters, closes what is idle, and what is lent on return") {
  PoolWorld world{1, settings_with({.default_pool_size = 2})};
  const auto sessions = lend(world, 2);
  const SessionId waiter = world.ask(0, kShop);
  world.feed(0, kShop, PoolDrained{BackendCloseReason::node_lost, Error{.code = ErrorCode::backend_connection_lost}});
  CHECK(world.client(waiter).error.code == ErrorCode::backend_connection_lost);
  CHECK(world.closes.empty());
  for (const SessionId session : sessions) world.give_back(session);
  CHECK(world.closes[BackendCloseReason::node_lost] == 2);
}
