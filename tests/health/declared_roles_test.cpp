#include "health/declared_roles.hpp"

#include <catch2/catch.hpp>

using namespace howdah;
using namespace howdah::health;

namespace {

const ProbeFailed kRefusedLogin{NodeId{1}, FailureKind::login_failed, "no password supplied", Instant{} + 1s};

HealthOptions nodes(std::vector<NodeOptions> list) { return {.nodes = std::move(list)}; }

}  // namespace

TEST_CASE("where nobody can be asked, ALWAYS_PRIMARY says who is what") {
  const NodeOptions primary{.id = NodeId{0}, .is_always_primary = true};
  const NodeOptions other{.id = NodeId{1}};
  const HealthOptions options = nodes({primary, other});
  const auto standby = declared_answer({.options = other}, kRefusedLogin, options);
  REQUIRE(standby);
  CHECK(standby->result.in_recovery);
  CHECK(standby->result.position() == Lsn{});
  CHECK(standby->asked_at == kRefusedLogin.asked_at);
  CHECK_FALSE(declared_answer({.options = primary}, kRefusedLogin, options)->result.in_recovery);
}

TEST_CASE("the only node is the primary; of several nobody is without being called so") {
  const NodeOptions one{.id = NodeId{1}};
  CHECK_FALSE(declared_answer({.options = one}, kRefusedLogin, nodes({one}))->result.in_recovery);
  CHECK_FALSE(declared_answer({.options = one}, kRefusedLogin, nodes({one, {.id = NodeId{2}}})));
}

TEST_CASE("what a server has said counts more than what is declared, and silence is no answer") {
  const NodeOptions one{.id = NodeId{1}, .is_always_primary = true};
  NodeFacts heard{.options = one};
  heard.last = ProbeResult{.in_recovery = true, .system_identifier = 7};
  CHECK_FALSE(declared_answer(heard, kRefusedLogin, nodes({one})));
  heard.last->system_identifier = 0;  // declared before
  CHECK(declared_answer(heard, kRefusedLogin, nodes({one})));
  CHECK_FALSE(declared_answer({.options = one}, {NodeId{1}, FailureKind::refused}, nodes({one})));
}
