#include "sql_router/explain_reason.hpp"

#include <catch2/catch.hpp>

#include "routing_script.hpp"
#include "sql_router/classifier.hpp"

using namespace howdah;
using namespace howdah::test;

namespace {

std::string because_of(const std::string& line) {
  const RoutingCase one = read_case(line + " => x y", "test");
  Rng rng(1);
  const Traits traits = classify(one.sql, one.options, *one.catalog);
  return because_text(decide(traits, one.facts, one.view, one.options, rng), one.facts, one.view, one.options);
}

}  // namespace

TEST_CASE("a reason is told with what exactly stands behind it") {
  struct Row {
    const char* line;
    const char* because;
  };
  const Row rows[] = {
      {"SELECT random()", "random"},
      {"SELECT * FROM pg_class", "pg_class"},
      {"{catalog} SELECT nested()", "nested > public.writes > insert"},
      {"[write_function_list=x] {catalog} SELECT nested()", "nested > public.writes > insert"},
      {"[write_function_list=nested] {catalog} SELECT nested()", "nested, which is \"nested\" of write_function_list"},
      {"[read_only_function_list=x] {catalog} SELECT nested()", "nested"},
      {"{transaction} SELECT 1", "BEGIN READ ONLY, or load_balance_transactions, would let its reads use a replica"},
      {"[write_function_list=x,my_.*] SELECT my_f()", "my_f, which is \"my_.*\" of write_function_list"},
      {"[primary_routing_query_pattern_list=.*t1] SELECT * FROM t1", ".*t1"},
      {"[delay_threshold=1000] {lb=1 lag=1:2000} SELECT 1", "node 1: lag 2000 bytes; delay_threshold is 1000 bytes"},
      {"[delay_threshold_by_time=500] {lb=1 lag_time=1:600} SELECT 1",
       "node 1: lag 600 ms; delay_threshold_by_time is 500 ms"},
      {"{lb=1 min_lsn=0/50 replayed=1:0/40 replayed=2:0/60} SELECT 1", "node 1 has replayed 0/40, not 0/50"},
      {"[read_consistency=global] {transaction read_only} SELECT 1", "within a transaction"},
      {"{lb=1 wrote=100} SELECT 1", "the primary has not been asked for its position since a write was acknowledged"},
      {"{lb=1 wrote=100 sample=101:0/50 replayed=1:0/40 replayed=2:0/60} SELECT 1", "node 1 has replayed 0/40, not 0/50"},
      {"{pinned=0:temp_table} SELECT 1", "temp_table"},
      {"{default_serializable} SELECT 1", "the isolation level asked for, or default_transaction_isolation"},
      {"SELECT 1", "drawn by weight, for all reads of the session"},
      {"{lb=1} SELECT 1", "drawn by weight earlier, for all reads of the session"},
      {"{transaction read_only lb=1} SELECT 1", "drawn by weight earlier, for all reads of the session"},
      {"[statement_level_load_balance=on] {lb=1} SELECT 1", "drawn by weight, for this statement alone"},
      {"[app_name_redirect_preference_list=web:2] SELECT 1", "drawn by preference and weight, for all reads of the session"},
      {"/*NO LOAD BALANCE*/ SELECT 1", "/*NO LOAD BALANCE*/"},
      {"/*howdah: read_consistency=often*/ SELECT 1", "\"read_consistency=often\" is not understood"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.line);
    CHECK(because_of(row.line) == row.because);
  }
}

TEST_CASE("the preference a session follows is told with its list and share") {
  const auto told = [](const std::string& settings) {
    const RoutingCase one = read_case("[" + settings + "] SELECT 1 => x y", "test");
    return preference_text(one.facts, one.options);
  };
  CHECK(told("user_redirect_preference_list=ali.*:standby(0.5)") ==
        "standby by \"ali.*\" of user_redirect_preference_list, in 50 of 100 draws");
  CHECK(told("user_redirect_preference_list=alice:1 app_name_redirect_preference_list=web:primary") ==
        "primary by \"web\" of app_name_redirect_preference_list, in 100 of 100 draws");
  CHECK(told("database_redirect_preference_list=shop:2") ==
        "node 2 by \"shop\" of database_redirect_preference_list, in 100 of 100 draws");
  CHECK(told("database_redirect_preference_list=other:2") == "");
}
