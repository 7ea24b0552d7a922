#include "sql_router/parse_cache.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace howdah;

namespace {

std::shared_ptr<const RoutingOptions> default_options() { return std::make_shared<const RoutingOptions>(); }

}  // namespace

TEST_CASE("a text is classified once") {
  ParseCache cache(default_options(), 1 << 20);
  const TraitsPtr first = cache.find_or_classify("SELECT 1");
  const TraitsPtr again = cache.find_or_classify(std::string("SELECT 1"));
  CHECK(first == again);
  CHECK(cache.find_or_classify("select 1") != first);
  CHECK(cache.stats().hits == 1);
  CHECK(cache.stats().misses == 2);
  CHECK(cache.stats().entries == 2);
}

TEST_CASE("the cache stays within its bytes and drops what was unused longest") {
  constexpr std::size_t kCapacity = 64 * 1024;
  ParseCache cache(default_options(), kCapacity);
  cache.find_or_classify("SELECT 'kept'");
  const TraitsPtr dropped = cache.find_or_classify("SELECT 'dropped'");
  for (int i = 0; i < 500; ++i) {
    cache.find_or_classify("SELECT " + std::to_string(i));
    cache.find_or_classify("SELECT 'kept'");
    REQUIRE(cache.stats().bytes <= kCapacity);
  }
  CHECK(cache.stats().evictions > 0);
  CHECK(cache.stats().hits == 500);
  CHECK(cache.find_or_classify("SELECT 'dropped'") != dropped);
  CHECK(dropped->verdict.may_use_replica);  // still good for whoever kept it
}

TEST_CASE("a huge text does not push out the others") {
  ParseCache cache(default_options(), 64 * 1024);
  const TraitsPtr kept = cache.find_or_classify("SELECT 1");
  const std::string huge = "SELECT '" + std::string(32 * 1024, 'x') + "'";
  CHECK(cache.find_or_classify(huge)->verdict.may_use_replica);
  CHECK(cache.find_or_classify("SELECT 1") == kept);
  CHECK(cache.stats().entries == 1);
}

TEST_CASE("a text a replica refused goes to the primary from then on") {
  ParseCache cache(default_options(), 1 << 20);
  const TraitsPtr before = cache.find_or_classify("SELECT * FROM unlogged");
  REQUIRE(before->verdict.may_use_replica);
  cache.remember_refusal("SELECT * FROM unlogged");
  const TraitsPtr after = cache.find_or_classify("SELECT * FROM unlogged");
  CHECK_FALSE(after->verdict.may_use_replica);
  CHECK(after->verdict.reason == RouteReason::refused_by_replica);
  CHECK(after->verdict.may_write);
  CHECK(before->verdict.may_use_replica);

  cache.remember_refusal("SELECT never_seen FROM v");
  CHECK(cache.find_or_classify("SELECT never_seen FROM v")->verdict.reason == RouteReason::refused_by_replica);
  cache.remember_refusal("DELETE FROM t");
  CHECK(cache.find_or_classify("DELETE FROM t")->verdict.reason == RouteReason::write);
}

TEST_CASE("new options forget what the old ones decided") {
  ParseCache cache(default_options(), 1 << 20);
  REQUIRE_FALSE(cache.find_or_classify("SELECT f()")->verdict.may_use_replica);
  auto options = std::make_shared<RoutingOptions>();
  options->read_only_function_list.push_back(Pattern::compile("f").value());
  cache.adopt(options);
  CHECK(cache.stats().entries == 0);
  CHECK(cache.stats().bytes == 0);
  CHECK(cache.find_or_classify("SELECT f()")->verdict.may_use_replica);
}
