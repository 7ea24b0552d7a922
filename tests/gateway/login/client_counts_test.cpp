#include "gateway/login/client_counts.hpp"

#include <catch2/catch.hpp>

namespace howdah::login {

TEST_CASE("a client too many of a database or a user is refused with the setting's name, and counted nowhere") {
  ClientCounts counts;
  const ClientLimits limits{.of_database = 2, .of_user = 1, .user_setting = "user_max_client_connections3"};
  REQUIRE(counts.enter("shop", "ann", limits).has_value());
  const auto second_ann = counts.enter("till", "ann", limits);
  REQUIRE_FALSE(second_ann.has_value());
  CHECK(second_ann.error().code == ErrorCode::too_many_clients);
  CHECK(second_ann.error().message == "too many connections for role \"ann\"");
  CHECK(second_ann.error().hint.starts_with("user_max_client_connections3 = 1 "));
  REQUIRE(counts.enter("shop", "bob", limits).has_value());
  const auto third = counts.enter("shop", "carol", limits);
  REQUIRE_FALSE(third.has_value());
  CHECK(third.error().message == "too many connections for database \"shop\"");
  CHECK(third.error().hint.starts_with("max_db_client_connections = 2 "));
  counts.leave("shop", "ann");
  CHECK(counts.enter("shop", "ann", limits).has_value());
}

TEST_CASE("without limits everybody comes in") {
  ClientCounts counts;
  for (int i = 0; i < 100; ++i) CHECK(counts.enter("shop", "ann", {}).has_value());
}

}  // namespace howdah::login
