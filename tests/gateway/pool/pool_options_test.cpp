#include "gateway/pool/pool_options.hpp"

#include <catch2/catch.hpp>

#include "conf/walk.hpp"
#include "gateway/pool/wait_timeout.hpp"

namespace howdah {

TEST_CASE("the hint to who waited too long names the setting that limits its pool") {
  Settings settings;
  DatabaseSettings& shop = settings.databases.emplace_back();
  number_rows(shop, 4);
  shop.database_name.set("shop");
  shop.database_pool_size.set(3);
  shop.database_query_wait_timeout.set(7s);
  const PoolOptions own = pool_options_of(settings, "shop", "ann");
  const PoolOptions other = pool_options_of(settings, "till", "ann");
  CHECK(own.query_wait_timeout == 7s);
  CHECK(other.query_wait_timeout == 120s);
  const auto hint = [](const PoolOptions& options, PoolLimit limit) {
    return wait_timeout_error({"shop", "ann", NodeId{0}}, options.limits, limit, 1s, std::nullopt).hint;
  };
  CHECK(hint(own, PoolLimit::pool_size).find("database_pool_size4 = 3 ") != std::string::npos);
  CHECK(hint(own, PoolLimit::database).find(" max_db_connections = 0 ") != std::string::npos);
  CHECK(hint(other, PoolLimit::pool_size).find("default_pool_size = 20 ") != std::string::npos);
}

}  // namespace howdah
