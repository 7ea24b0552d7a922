// Seeded random schedules over several workers. PoolWorld checks after every event; here: the events, and what must
// hold when everything has come to rest.
#include "base/rng.hpp"
#include "tests/gateway/pool/pool_world.hpp"

#include <catch2/catch.hpp>

using namespace howdah;
using Link = PoolWorld::Link;

namespace {

const std::array kKeys{
    PoolKey{"shop", "ann", NodeId{0}},
    PoolKey{"shop", "ann", NodeId{1}},
    PoolKey{"shop", "bob", NodeId{0}},
    PoolKey{"till", "ann", NodeId{0}},
};

struct Schedule {
  std::uint64_t seed;
  Rng rng{seed};
  PoolWorld world{1 + rng.below(3), draw_options()};
  bool fails = rng.chance(0.3);   // openings may fail
  bool drains = rng.chance(0.3);  // nodes may go down
  bool cancels = rng.chance(0.5);

  PoolOptions draw_settings() {
    PoolOptions settings;
    PoolLimits& limits = settings.limits;
    limits.default_pool_size = static_cast<std::uint32_t>(1 + rng.below(4));
    limits.reserve_pool_size = static_cast<std::uint32_t>(rng.below(2));
    limits.min_pool_size = static_cast<std::uint32_t>(rng.below(3));
    for (std::uint32_t* limit :
         {&limits.max_db_connections, &limits.max_user_connections, &limits.max_node_connections})
      *limit = rng.chance(0.4) ? static_cast<std::uint32_t>(1 + rng.below(5)) : 0;
    limits.hand_over_after = rng.chance(0.5) ? 0s : 3ms;
    limits.make_room_after = rng.chance(0.5) ? 0s : 20ms;
    settings.reserve_pool_timeout = 50ms;
    settings.query_wait_timeout = 2s;
    settings.server_lifetime = rng.chance(0.5) ? 1s : 3600s;
    settings.server_idle_timeout = rng.chance(0.5) ? 500ms : 600s;
    settings.server_login_retry = 1s;
    if (rng.chance(0.3)) settings.check_delay = milliseconds(rng.below(20));
    return settings;
  }

  // In some worlds one user and one database have limits of their own.
  PoolWorld::OptionsOf draw_options() {
    const PoolOptions all = draw_settings();
    const PoolLimits own = draw_settings().limits;
    const bool has_own = rng.chance(0.4);
    return [=](const PoolKey& key) {
      PoolOptions out = all;
      if (has_own && key.user == "bob") {
        out.limits.default_pool_size = own.default_pool_size;
        out.limits.max_user_connections = own.max_user_connections;
      }
      if (has_own && key.database == "till") out.limits.max_db_connections = own.max_db_connections;
      return out;
    };
  }

  template <typename T>
  std::optional<T> any(const std::vector<T>& from) {
    if (from.empty()) return std::nullopt;
    return from[rng.below(from.size())];
  }
  std::optional<BackendId> any_server() {
    std::vector<BackendId> ids;
    for (const auto& [id, server] : world.servers)
      if (server.link != Link::moving) ids.push_back(id);
    return any(ids);
  }

  void cancel_something() {
    const auto id = any_server();
    if (!id || !cancels) return;
    const PoolWorld::Server& server = world.servers.at(*id);
    if (server.cancels > 0)
      world.cancel(*id, false);
    else if (server.link == Link::open || server.link == Link::resetting)
      world.cancel(*id, true);
  }
  void open_or_fail(BackendId id) {
    if (!fails || rng.chance(0.7)) return world.opened(id);
    constexpr std::array kCodes{ErrorCode::backend_connection_lost, ErrorCode::backend_login_failed,
                                ErrorCode::too_many_clients};
    world.open_failed(id, kCodes[rng.below(kCodes.size())]);
  }
  void drain_something() {
    const auto worker = static_cast<std::uint16_t>(rng.below(world.workers.size()));
    if (drains && rng.chance(0.1))
      world.feed(worker, kKeys[rng.below(kKeys.size())],
                 PoolDrained{BackendCloseReason::node_lost, Error{.code = ErrorCode::backend_connection_lost}});
  }

  void step() {
    world.pass(milliseconds(rng.below(4)));
    const auto worker = static_cast<std::uint16_t>(rng.below(world.workers.size()));
    switch (rng.below(12)) {
      case 0:
      case 1:
      case 2:
        world.ask(worker, kKeys[rng.below(kKeys.size())]);
        break;
      case 3:
        if (rng.chance(0.2))
          if (const auto waiting = any(world.with(PoolWorld::Fate::waiting))) world.forget(*waiting);
        break;
      case 4:
      case 5:
        if (const auto holder = any(world.with(PoolWorld::Fate::granted)))
          world.give_back(*holder, rng.chance(0.8)   ? LeaseReturn::clean
                                   : rng.chance(0.5) ? LeaseReturn::must_reset
                                                     : LeaseReturn::must_close);
        break;
      case 6:
        if (const auto opening = any(world.where(Link::opening))) open_or_fail(*opening);
        break;
      case 7:
        if (const auto closing = any(world.where(Link::closing))) world.lost(*closing);
        if (const auto resetting = any(world.where(Link::resetting))) world.reset_done(*resetting, rng.chance(0.8));
        break;
      case 8:
        cancel_something();
        break;
      case 9:
        if (const auto server = any_server(); server && rng.chance(0.1)) world.lost(*server);
        drain_something();
        break;
      case 10:
        world.tick();
        break;
      default:
        world.deliver(worker);
        break;
    }
  }

  // Lets everything under way finish, well.
  void settle() {
    for (int round = 0; !world.is_quiet(); ++round) {
      REQUIRE(round < 1000);
      world.deliver_all();
      for (const BackendId id : world.where(Link::opening)) world.opened(id);
      world.finish_closing();
      for (const BackendId id : world.where(Link::resetting)) {
        while (world.servers.at(id).cancels > 0) world.cancel(id, false);
        world.reset_done(id, true);
      }
      for (auto server = world.servers.begin(); server != world.servers.end();) {
        const auto next = std::next(server);
        if (server->second.link == Link::open && server->second.cancels > 0) {
          while (server->second.cancels > 0) world.cancel(server->first, false);
        }
        server = next;
      }
    }
  }

  bool is_full(const PoolKey& key, const PoolKey* without) const {
    const PoolLimits limits = world.options_of(key).limits;
    const auto full = [&](std::uint32_t limit, const auto& same) {
      const std::size_t used = world.count(same) - (without != nullptr && same(*without) ? 1 : 0);
      return limit > 0 && used >= limit;
    };
    return full(limits.default_pool_size, [&](const PoolKey& k) { return k == key; }) ||
           full(limits.max_db_connections, [&](const PoolKey& k) { return k.database == key.database; }) ||
           full(limits.max_user_connections, [&](const PoolKey& k) { return k.user == key.user; }) ||
           full(limits.max_node_connections, [&](const PoolKey& k) { return k.node == key.node; });
  }

  // At rest somebody waits only if no permit is free, and nothing lies idle that would help.
  void check_no_lost_wake_up() const {
    for (const SessionId session : world.with(PoolWorld::Fate::waiting)) {
      const PoolKey& key = world.client(session).key;
      CAPTURE(seed, key.database, key.user, key.node.value);
      REQUIRE(is_full(key, nullptr));
      for (const PoolWorld::Worker& worker : world.workers) {
        for (const auto& [other, pool] : worker.pools) {
          if (pool.idle_count() == 0) continue;
          REQUIRE(other != key);
          REQUIRE(is_full(key, &other));
        }
      }
    }
  }

  void node_is_well() {
    for (std::uint16_t w = 0; w < world.workers.size(); ++w)
      for (auto& [key, pool] : world.workers[w].pools) world.feed(w, key, NodeBack{});
  }

  void run() {
    for (int i = 0; i < 400; ++i) {
      step();
      if (i % 50 != 49) continue;
      node_is_well();
      settle();
      check_no_lost_wake_up();
    }
    for (int round = 0; round < 200 && !(world.with(PoolWorld::Fate::waiting).empty() && world.with(PoolWorld::Fate::granted).empty());
         ++round) {
      settle();
      for (const SessionId session : world.with(PoolWorld::Fate::granted)) world.give_back(session);
      world.pass(100ms);
      world.tick();
    }
    REQUIRE(world.with(PoolWorld::Fate::waiting).empty());
    settle();
    REQUIRE(world.budget.waiting() == 0);
    for (const PoolKey& key : kKeys)
      REQUIRE(world.budget.used(key) == world.count([&](const PoolKey& k) { return k == key; }));
  }
};

}  // namespace

TEST_CASE("under random schedules limits hold, order holds, and nobody waits for nothing") {
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    CAPTURE(seed);
    Schedule{.seed = seed}.run();
  }
}
