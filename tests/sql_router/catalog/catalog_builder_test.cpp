#include "sql_router/catalog/catalog_builder.hpp"

#include <catch2/catch.hpp>

#include <string>

#include "sql_router/classifier.hpp"
#include "sql_router/parse_cache.hpp"
#include "test_catalog.hpp"

using namespace howdah;
using test::TestCatalog;

namespace {

Traits look(const std::string& text, const CatalogFactsPtr& facts) { return classify(text, {}, *facts); }

}  // namespace

TEST_CASE("a chain of functions of any length ends, and tells what is at its end") {
  TestCatalog catalog;
  for (int i = 0; i < 3000; ++i) catalog.sql("f" + std::to_string(i), "SELECT f" + std::to_string(i + 1) + "()");
  catalog.sql("f3000", "SELECT setseed(0.1)");
  const Traits traits = look("SELECT f0()", catalog.build());
  CHECK(traits.verdict.reason == RouteReason::volatile_function);
  CHECK(traits.pins == PinReasons{PinReason::seed});
}

TEST_CASE("the reason names the way to what made it so") {
  const auto facts = TestCatalog().sql("inner", "INSERT INTO t VALUES (1)").sql("outer", "SELECT \"inner\"()")
                         .relation("t").view("v", "SELECT public.outer()").build();
  const Traits traits = look("SELECT * FROM v", facts);
  CHECK(traits.verdict.reason == RouteReason::write);
  CHECK(traits.verdict.because == "v > public.outer > public.inner > insert");
}

TEST_CASE("rules of the operator about relations") {
  const auto catalog = TestCatalog().relation("fast", 'r', "", 'u').relation("far", 'f');
  const auto lax = catalog.build({.checks_unlogged = false, .foreign_reads_may_use_replica = true});
  CHECK(look("SELECT * FROM fast, far", lax).verdict.may_use_replica);
  CHECK_FALSE(look("SELECT * FROM fast", catalog.build()).verdict.may_use_replica);
  CHECK_FALSE(look("SELECT * FROM far", catalog.build()).verdict.may_use_replica);
}

TEST_CASE("a name that is not listed is told, so that somebody can look again") {
  const auto facts = TestCatalog().relation("t").sql("f", "SELECT 1").build();
  CHECK_FALSE(look("SELECT f() FROM t", facts).names_unlisted);
  CHECK(look("SELECT * FROM other", facts).names_unlisted);
  CHECK(look("SELECT g()", facts).names_unlisted);
  CHECK_FALSE(classify("SELECT g() FROM other", {}, CatalogFacts::stale()).names_unlisted);
}

TEST_CASE("the cache keeps what was told with each database's facts apart") {
  ParseCache cache(std::make_shared<const RoutingOptions>(), 1 << 20);
  const auto first = TestCatalog().relation("t").build();
  const auto second = build_catalog_facts({}, {}, make_stamp(2, 1), 0);
  const TraitsPtr on_first = cache.find_or_classify("SELECT * FROM t WHERE a = 1", *first);
  const TraitsPtr on_second = cache.find_or_classify("SELECT * FROM t WHERE a = 2", *second);
  CHECK(on_first->verdict.may_use_replica);
  CHECK_FALSE(on_second->verdict.may_use_replica);
  CHECK(cache.stats().misses == 2);
  CHECK(cache.stats().entries == 1);
  for (int i = 0; i < 5; ++i) {
    CHECK(cache.find_or_classify("SELECT * FROM t WHERE a = 3", *first) == on_first);
    CHECK(cache.find_or_classify("SELECT * FROM t WHERE a = 4", *second) == on_second);
  }
  CHECK(cache.stats().misses == 2);
  cache.remember_refusal("SELECT * FROM t WHERE a = 5", *first);
  CHECK(cache.find_or_classify("SELECT * FROM t WHERE a = 6", *first)->verdict.reason == RouteReason::refused_by_replica);
  CHECK(cache.find_or_classify("SELECT * FROM t WHERE a = 6", *second) == on_second);
}

TEST_CASE("what names nothing is told once for all databases") {
  ParseCache cache(std::make_shared<const RoutingOptions>(), 1 << 20);
  const auto first = TestCatalog().build();
  const auto second = build_catalog_facts({}, {}, make_stamp(2, 1), 0);
  for (const char* text : {"SELECT 1", "SELECT a, 'x'", "BEGIN", "SET work_mem = '1MB'", "SHOW work_mem"})
    CHECK(cache.find_or_classify(text, *first) == cache.find_or_classify(text, *second));
}

TEST_CASE("facts that come and go do not fill the cache") {
  constexpr std::size_t kCapacity = 64 * 1024;
  ParseCache cache(std::make_shared<const RoutingOptions>(), kCapacity);
  for (std::uint32_t snapshot = 1; snapshot < 1000; ++snapshot) {
    const auto facts = build_catalog_facts({}, {}, make_stamp(snapshot % 3 + 1, snapshot), 0);
    for (const char* text : {"SELECT * FROM a", "SELECT * FROM b", "SELECT f()"}) cache.find_or_classify(text, *facts);
    REQUIRE(cache.stats().bytes <= kCapacity);
  }
  CHECK(cache.stats().entries == 3);
}

TEST_CASE("functions called by operators, casts and as columns are looked for only where a database has some that matter") {
  const auto harmless = TestCatalog().sql("pure", "SELECT 1").use("<~~", "pure").build();
  const auto writing = TestCatalog().sql("writes", "INSERT INTO t VALUES (1)").use("<~~", "writes").build();
  CHECK_FALSE(harmless->has_uses());
  CHECK(writing->has_uses());
  CHECK(look("SELECT 1 <~~ 2", harmless).verdict.may_use_replica);
  CHECK(look("SELECT 1 <~~ 2", writing).verdict.because == "<~~ > public.writes > insert");
  CHECK(look("EXPLAIN SELECT 1 <~~ 2", writing).verdict.may_write == false);
}

TEST_CASE("which statements change the catalog is told") {
  const auto facts = TestCatalog().plpgsql("defines", "BEGIN CREATE VIEW v AS SELECT 1; END").build();
  const auto change = [&](const char* text) { return look(text, facts).catalog_change; };
  for (const char* text : {"CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'", "CREATE VIEW v AS SELECT 1",
                           "ALTER TABLE t RENAME TO u", "CREATE DOMAIN d AS int CHECK (f(VALUE))", "ALTER DOMAIN d ADD CHECK (f(VALUE))", "CREATE EXTENSION x", "DO 'BEGIN EXECUTE x; END'", "DO 'BEGIN DROP VIEW v; END'", "DO LANGUAGE plperl '1'", "SELECT defines()",
                           "SELECT 1; ALTER FUNCTION f() VOLATILE", "CREATE WHATEVER x"})
    CHECK(change(text) == CatalogChange::changes);
  for (const char* text : {"CREATE TABLE x (a int)", "DROP VIEW v", "SELECT 1 INTO x", "CREATE SEQUENCE s"})
    CHECK(change(text) == CatalogChange::adds);
  for (const char* text : {"CREATE TEMP TABLE x (a int)", "CREATE TEMP VIEW x AS SELECT 1", "CREATE INDEX ON t (a)", "CREATE ROLE r",
                           "EXPLAIN ANALYZE SELECT 1 INTO x", "DROP OWNED BY r"})
    CHECK(change(text) == CatalogChange::plans);
  for (const char* text : {"INSERT INTO t VALUES (1)", "SELECT 1", "DO 'BEGIN UPDATE t SET a = 1; END'", "TRUNCATE t", "SELEC 1", "VACUUM",
                           "EXPLAIN SELECT 1 INTO x"})
    CHECK(change(text) == CatalogChange::none);
}
