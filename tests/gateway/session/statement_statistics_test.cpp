#include "gateway/session/statement_statistics.hpp"

#include <catch2/catch.hpp>

#include "sql_router/parse_cache.hpp"

using namespace howdah;

namespace {

struct Table {
  ParseCache cache{std::make_shared<const RoutingOptions>(), 1 << 20};
  StatementStatistics statistics;

  explicit Table(std::size_t capacity) : statistics(capacity) {}
  StatementStatistics::Handle find(const std::string& sql) { return statistics.find(cache.find_or_classify(sql), sql); }
  void run(const std::string& sql, StatementStatistics::Answer answer = {}) { statistics.count(find(sql), answer); }
  std::vector<std::string> texts() const {
    std::vector<std::string> list;
    for (const StatementStats& one : statistics.report()) list.push_back(one.text);
    return list;
  }
};

}  // namespace

TEST_CASE("statements that differ in their literals only are counted as one") {
  Table table(10);
  table.run("SELECT * FROM t WHERE id = 1", {.node = NodeId{1}, .time = 3ms, .rows = 1});
  table.run("SELECT * FROM t WHERE id = 22;", {.node = NodeId{2}, .time = 5ms, .rows = 2});
  table.run("SELECT * FROM t WHERE id = 333", {.node = NodeId{1}, .reason = RouteReason::replica_lag,
                                               .pin = PinReason::listen, .time = 1ms, .has_failed = true});
  const auto report = table.statistics.report();
  REQUIRE(report.size() == 1);
  CHECK(report[0].text == "SELECT * FROM t WHERE id = ?");
  CHECK(report[0].calls == 3);
  CHECK(report[0].rows == 3);
  CHECK(report[0].errors == 1);
  CHECK(report[0].total == 9ms);
  CHECK(report[0].reason == "replica_lag");
  CHECK(report[0].pin_reason == "listen");
  REQUIRE(report[0].nodes.size() == 2);
  CHECK(report[0].nodes[0].calls == 2);
}

TEST_CASE("the statement unused longest makes room, and its late answers count for nobody") {
  Table table(2);
  const auto first = table.find("SELECT a FROM t");
  table.run("SELECT b FROM t");
  table.run("SELECT c FROM t");
  table.statistics.count(first, {});
  CHECK(table.texts() == std::vector<std::string>{"SELECT c FROM t", "SELECT b FROM t"});
  table.run("SELECT a FROM t");
  CHECK(table.texts() == std::vector<std::string>{"SELECT c FROM t", "SELECT a FROM t"});
}

TEST_CASE("a reset forgets the past and goes on counting") {
  Table table(2);
  const auto under_way = table.find("SELECT a FROM t");
  table.run("SELECT b FROM t");
  table.statistics.clear();
  table.statistics.count(under_way, {});
  CHECK(table.texts().empty());
  for (const char* sql : {"SELECT c FROM t", "SELECT d FROM t", "SELECT e FROM t"}) table.run(sql);
  CHECK(table.texts().size() == 2);
}

TEST_CASE("switched off, nothing is kept") {
  Table table(0);
  CHECK(table.find("SELECT 1") == 0);
  table.statistics.set_capacity(1);
  table.run("SELECT 1");
  CHECK(table.texts().size() == 1);
  table.statistics.set_capacity(0);
  CHECK(table.texts().empty());
}

TEST_CASE("many texts with traits of their own stay within the bound") {
  Table table(3);
  for (int i = 0; i < 1000; ++i) table.run("SET application_name TO a" + std::to_string(i));
  CHECK(table.texts().size() == 3);
}

TEST_CASE("no secret of a string is shown") {
  std::string buffer;
  CHECK(fingerprint_of("ALTER USER u PASSWORD 'secret'", buffer) == "ALTER USER u PASSWORD ?");
  CHECK(fingerprint_of("ALTER USER u PASSWORD E'sec\\ret'", buffer) == "ALTER USER u PASSWORD E...");
  CHECK(fingerprint_of("DO $$ secret $$", buffer) == "DO...");
  CHECK(fingerprint_of("SELECT a\nFROM t WHERE b = $1", buffer) == "SELECT a FROM t WHERE b = $1");
  CHECK(fingerprint_of("SELECT " + std::string(20'000, 'x'), buffer).size() == 1024 + 3);
}

TEST_CASE("a time falls in the bucket that ends at or after it") {
  for (std::size_t i = 0; i + 1 < kTimeBuckets; ++i) {
    CAPTURE(i);
    CHECK(bucket_end(i) < bucket_end(i + 1));
    CHECK(time_bucket(bucket_end(i)) == i);
    CHECK(time_bucket(bucket_end(i) + 1us) == i + 1);
  }
  CHECK(time_bucket(microseconds::max()) == kTimeBuckets - 1);
}

TEST_CASE("of a statement that names very much only its fingerprint is kept") {
  Table table(3);
  std::string sql = "SELECT * FROM t0";
  for (int i = 1; i < 100; ++i) sql += ", t" + std::to_string(i);
  const TraitsPtr traits = table.cache.find_or_classify(sql);
  const auto before = traits.use_count();
  table.run(sql);
  table.run(sql);
  CHECK(traits.use_count() == before);
  REQUIRE(table.statistics.report().size() == 1);
  CHECK(table.statistics.report()[0].calls == 2);
}
