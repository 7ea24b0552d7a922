#include "agent/isolation.hpp"

#include <catch2/catch.hpp>

using namespace howdah;
using namespace howdah::agent;

namespace {

constexpr Instant kStart = Instant(1000s);

}  // namespace

TEST_CASE("a primary is stopped when no gateway has held it in office for the limit") {
  Isolation isolation(5s);
  CHECK_FALSE(isolation.must_stop(ServerState::primary, kStart));
  isolation.hear(true, kStart + 3s);
  CHECK_FALSE(isolation.must_stop(ServerState::primary, kStart + 7s));
  isolation.hear(false, kStart + 7s);  // a gateway that holds another one to be the primary is no help
  CHECK(isolation.must_stop(ServerState::primary, kStart + 8s));
}

TEST_CASE("a standby needs no lease, and has the whole limit from its promotion on") {
  Isolation isolation(5s);
  isolation.hear(true, kStart);
  CHECK_FALSE(isolation.must_stop(ServerState::standby, kStart + 100s));
  CHECK_FALSE(isolation.must_stop(ServerState::primary, kStart + 101s));
  CHECK_FALSE(isolation.must_stop(ServerState::primary, kStart + 105s));
  CHECK(isolation.must_stop(ServerState::primary, kStart + 106s));
}

TEST_CASE("without a limit nothing is stopped, and a stopped server needs none") {
  Isolation off(0s);
  CHECK_FALSE(off.must_stop(ServerState::primary, kStart));
  CHECK_FALSE(off.must_stop(ServerState::primary, kStart + 1000s));
  Isolation on(1s);
  CHECK_FALSE(on.must_stop(ServerState::stopped, kStart + 1000s));
}
