#include "sql_router/parse_cache.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include "base/rng.hpp"
#include "routing_script.hpp"
#include "sql_router/classifier.hpp"
#include "sql_router/statement_shape.hpp"

using namespace howdah;

namespace {

std::shared_ptr<const RoutingOptions> default_options() { return std::make_shared<const RoutingOptions>(); }

struct Pair {
  std::string_view first;
  std::string_view second;
};

bool is_shared(ParseCache& cache, const Pair& pair) {
  const TraitsPtr first = cache.find_or_classify(pair.first);
  return cache.find_or_classify(pair.second) == first;
}

// Equal in all that counts. Whether they depend on literals may be judged too carefully ("float(" inside a string).
bool is_same(Traits a, Traits b) {
  a.depends_on_literals = b.depends_on_literals = false;
  return a == b;
}

std::string literal(Rng& rng) {
  static const std::vector<std::string> kLiterals{
      "0", "1", "7", "4711", "2147483647", "2147483648", "99999999999", "1.5", ".5", "5.", "1e3", "1e", "0x1f", "1_0",
      "'x'", "''", "'it''s'", "'in_hot_standby'", "'work_mem'", "'serializable'", "'-- '", "'/*'", "'\\'", "E'a\\'b'",
      "'float(99)'", "'\nshow pool_nodes;'", "$$x$$", "B'1'", "U&'x'", "'a'\n'b'", "$1", "'off'", "'pg_temp'", "-1"};
  return kLiterals[rng.below(kLiterals.size())];
}

// Puts another literal where one stands, as far as a simple look can tell.
std::string with_other_literals(const std::string& sql, Rng& rng) {
  std::string result;
  for (std::size_t at = 0; at < sql.size();) {
    std::size_t end = at + 1;
    if (sql[at] == '\'') {
      end = std::min(sql.find('\'', end), sql.size() - 1) + 1;
    } else if (sql[at] >= '0' && sql[at] <= '9') {
      end = std::min(sql.find_first_not_of("0123456789", at), sql.size());
    } else {
      result += sql[at++];
      continue;
    }
    result += rng.chance(0.6) ? literal(rng) : sql.substr(at, end - at);
    at = end;
  }
  return result;
}

// Takes away, puts in or doubles something anywhere: most of what comes out does not parse, and some of it almost.
std::string with_damage(std::string sql, Rng& rng) {
  constexpr std::string_view kPieces = "'\"$.-/*eExXbBuUnN&_ \n\r;,()0159:+@\\\xc3";
  for (auto count = rng.below(3); count > 0; --count) {
    const std::size_t at = rng.below(sql.size() + 1);
    switch (rng.below(4)) {
      case 0: sql.insert(at, 1, kPieces[rng.below(kPieces.size())]); break;
      case 1: sql.insert(at, literal(rng)); break;
      case 2: sql.insert(at, " " + literal(rng) + " "); break;
      default: sql.erase(at, 1); break;
    }
  }
  return sql;
}

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
  cache.find_or_classify("SELECT kept");
  const TraitsPtr dropped = cache.find_or_classify("SELECT dropped");
  for (int i = 0; i < 500; ++i) {
    cache.find_or_classify("SELECT c" + std::to_string(i));
    cache.find_or_classify("SELECT kept");
    REQUIRE(cache.stats().bytes <= kCapacity);
  }
  CHECK(cache.stats().evictions > 0);
  CHECK(cache.stats().hits == 500);
  CHECK(cache.find_or_classify("SELECT dropped") != dropped);
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

TEST_CASE("texts that differ in literals only share what is known of them") {
  ParseCache cache(default_options(), 1 << 20);
  for (const Pair& pair : {
           Pair{"SELECT abalance FROM a WHERE aid = 1", "SELECT abalance FROM a WHERE aid = 4711"},
           Pair{"UPDATE a SET b = b + -5 WHERE c = 1", "UPDATE a SET b = b + -6 WHERE c = 2"},
           Pair{"INSERT INTO t VALUES (1, 'a')", "INSERT INTO t VALUES (2, 'it''s; -- /* $$')"},
           Pair{"DELETE FROM t WHERE a > 1.5", "DELETE FROM t WHERE a > 99999999999"},
           Pair{"SELECT 'pg_class'::regclass, interval '1 day'", "SELECT 't'::regclass, interval '2 h'"},
           Pair{"SELECT lower('A') LIMIT 1", "SELECT lower('B') LIMIT 2"},
           Pair{"SELECT 1; UPDATE t SET a = 1", "SELECT 2; UPDATE t SET a = 2"},
           Pair{"MERGE INTO t USING u ON t.a = 1 WHEN MATCHED THEN DELETE",
                "MERGE INTO t USING u ON t.a = 2 WHEN MATCHED THEN DELETE"},
       }) {
    CAPTURE(pair.first, pair.second);
    CHECK(is_shared(cache, pair));
  }
  CHECK(cache.stats().entries == 8);
  CHECK(cache.stats().hits == 8);
}

TEST_CASE("where a literal may matter, each text is looked at for itself") {
  ParseCache cache(default_options(), 1 << 20);
  for (const Pair& pair : {
           Pair{"SELECT current_setting('work_mem')", "SELECT current_setting('in_hot_standby')"},
           Pair{"SELECT pg_catalog.current_setting('a'), 1", "SELECT pg_catalog.current_setting('b'), 1"},
           Pair{"SELECT set_config('a', 'b', false)", "SELECT set_config('a', 'c', false)"},
           Pair{"SET transaction_read_only = 'on'", "SET transaction_read_only = 'off'"},
           Pair{"SELECT 1; SET work_mem = '1MB'", "SELECT 1; SET work_mem = '2MB'"},
           Pair{"SET default_transaction_isolation = 'serializable'", "SET default_transaction_isolation = 'read committed'"},
           Pair{"EXPLAIN (ANALYZE 0) INSERT INTO t VALUES (1)", "EXPLAIN (ANALYZE 1) INSERT INTO t VALUES (1)"},
           Pair{"EXPLAIN ROUTE SELECT 1", "EXPLAIN ROUTE SELECT 11"},
           Pair{"PGPOOL SET a = 1", "PGPOOL SET a = 2"},
           Pair{"EXECUTE p(1)", "EXECUTE p(2)"},
           Pair{"COPY t TO '/a'", "COPY t TO '/b'"},
           Pair{"PREPARE TRANSACTION 'a'", "PREPARE TRANSACTION 'b'"},
           Pair{"SELECT a::float(5)", "SELECT a::float(99)"},
           Pair{"SELECT a::FLOAT /**/ (5)", "SELECT a::FLOAT /**/ (99)"},
           Pair{"SELECT interval(3) '1'", "SELECT interval(99999999999) '1'"},
           Pair{"SELECT 1 FROM t1", "SELECT 1 FROM t2"},
           Pair{"SELECT 1", "SELECT '1'"},
           Pair{"SELECT 1", "SELECT 1.0"},
           Pair{"SELECT -1", "SELECT - 1"},
           Pair{"SELECT $1, 1", "SELECT $2, 1"},
           Pair{"SELECT \"1\", 1", "SELECT \"2\", 1"},
           Pair{"SELECT 'a\\', 1", "SELECT 'b\\', 1"},
           Pair{"SELECT E'a'", "SELECT E'b'"},
           Pair{"SELEC 1", "SELEC 2"},
           Pair{"SELECT 1 /*1*/", "SELECT 1 /*2*/"},
       }) {
    CAPTURE(pair.first, pair.second);
    CHECK_FALSE(is_shared(cache, pair));
  }
}

TEST_CASE("patterns over the whole text see each text") {
  auto options = std::make_shared<RoutingOptions>();
  options->primary_routing_query_pattern_list.push_back(Pattern::compile("select .*secret.*").value());
  ParseCache cache(options, 1 << 20);
  CHECK(cache.find_or_classify("SELECT 'open'")->verdict.may_use_replica);
  CHECK_FALSE(cache.find_or_classify("SELECT 'secret'")->verdict.may_use_replica);
}

TEST_CASE("a text too long or too slow to read does not profit from a shorter one of its shape") {
  auto options = std::make_shared<RoutingOptions>();
  options->max_parse_size = 4000;
  ParseCache cache(options, 1 << 20);
  CHECK(cache.find_or_classify("SELECT 'x'")->verdict.may_use_replica);
  CHECK(cache.find_or_classify("SELECT '" + std::string(3000, 'x') + "'")->verdict.may_use_replica);
  CHECK(cache.find_or_classify("SELECT '" + std::string(3000, '-') + "'")->parse == ParseOutcome::too_deep);
  CHECK(cache.find_or_classify("SELECT '" + std::string(5000, 'x') + "'")->parse == ParseOutcome::too_long);
}

TEST_CASE("a refusal counts for the same text with other literals") {
  ParseCache cache(default_options(), 1 << 20);
  const TraitsPtr before = cache.find_or_classify("SELECT * FROM v WHERE a = 1");
  REQUIRE(before->verdict.may_use_replica);
  cache.remember_refusal("SELECT * FROM v WHERE a = 2");
  for (const std::string_view text : {"SELECT * FROM v WHERE a = 1", "SELECT * FROM v WHERE a = 3"})
    CHECK(cache.find_or_classify(text)->verdict.reason == RouteReason::refused_by_replica);
  CHECK(cache.find_or_classify("SELECT * FROM v WHERE a = '1'")->verdict.may_use_replica);
  CHECK(before->verdict.may_use_replica);

  cache.remember_refusal("SELECT * FROM new_v WHERE a = 1");
  CHECK(cache.find_or_classify("SELECT * FROM new_v WHERE a = 2")->verdict.reason == RouteReason::refused_by_replica);
  cache.remember_refusal("SELECT current_setting('a')");
  CHECK(cache.find_or_classify("SELECT current_setting('b')")->verdict.may_use_replica);
  CHECK(cache.find_or_classify("SELECT current_setting('a')")->verdict.reason == RouteReason::refused_by_replica);
}

TEST_CASE("shared entries are dropped and counted like others") {
  constexpr std::size_t kCapacity = 16 * 1024;
  ParseCache cache(default_options(), kCapacity);
  for (int i = 0; i < 300; ++i) {
    const std::string head = "SELECT c" + std::to_string(i) + " FROM t WHERE a = ";
    const TraitsPtr first = cache.find_or_classify(head + "1");
    REQUIRE(cache.find_or_classify(head + "2") == first);
    REQUIRE(cache.stats().bytes <= kCapacity);
  }
  CHECK(cache.stats().misses == 300);
  CHECK(cache.stats().evictions == 300 - cache.stats().entries);
  CHECK(cache.stats().entries > 10);
  const auto before = cache.stats().misses;
  cache.find_or_classify("SELECT c0 FROM t WHERE a = 1");
  CHECK(cache.stats().misses == before + 1);
}

TEST_CASE("the cache answers as a fresh look would, whatever came before") {
  Rng rng(20240611);
  std::string buffer;
  std::size_t shared_hits = 0;
  for (const test::RoutingCase& one : test::read_routing_scripts()) {
    ParseCache cache(std::make_shared<const RoutingOptions>(one.options), 1 << 20);
    for (int round = 0; round < 12; ++round) {
      const std::string base = round % 3 == 0 ? one.sql : with_damage(one.sql, rng);
      for (int i = 0; i < 6; ++i) {
        const std::string text = i == 0 ? base : with_other_literals(base, rng);
        const auto hits = cache.stats().hits;
        const TraitsPtr cached = cache.find_or_classify(text);
        if (cache.stats().hits != hits && !cached->depends_on_literals && shape_of(text, buffer)) ++shared_hits;
        INFO(one.where << " base: " << base << "\ntext: " << text);
        REQUIRE(is_same(*cached, classify(text, one.options)));
      }
    }
  }
  CHECK(shared_hits > 3000);
}
