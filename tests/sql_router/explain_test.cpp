#include "sql_router/explain.hpp"

#include <catch2/catch.hpp>

#include <map>

#include "routing_script.hpp"
#include "sql_router/classifier.hpp"

using namespace howdah;
using namespace howdah::test;

namespace {

std::map<std::string, std::string> explained(const std::string& line) {
  const RoutingCase one = read_case(line + " => x y", "test");
  const Traits traits = classify(one.sql, one.options);
  Rng rng(1);
  const Decision decision = decide(traits, one.facts, one.view, one.options, rng);
  std::map<std::string, std::string> rows;
  for (const ExplainRow& row : explain_route(traits, decision, one.facts, one.view, one.options))
    rows[row.column] = row.text;
  return rows;
}

}  // namespace

TEST_CASE("an explained write names the primary and the statement") {
  auto rows = explained("INSERT INTO t VALUES (nextval('s'))");
  CHECK(rows["target"] == "node 0 (db0:5432, primary)");
  CHECK(rows["reason"] == "write");
  CHECK(rows["because"] == "insert");
  CHECK(rows["may write"] == "yes");
  CHECK(rows["would pin the session"] == "sequence_state");
  CHECK(rows["session is pinned"] == "no");
  CHECK(rows["must have replayed"] == "none");
  CHECK(rows["transaction"] == "none");
  CHECK(rows["reads prefer"] == "no node");
}

TEST_CASE("an explained statement tells what its text alone says, wherever transaction or pin send it") {
  CHECK(explained("{pinned=0:listen} SELECT 1")["by its text alone"] == "a replica may run it");
  CHECK(explained("{transaction open=0} SELECT random()")["by its text alone"] == "the primary: volatile_function, random");
  CHECK(explained("/*NO LOAD BALANCE*/ SELECT 1")["by its text alone"] == "the primary: comment");
  CHECK(explained("SELECT FROM WHERE")["by its text alone"] == "the primary: unparsable");
  CHECK(explained("SHOW POOL_NODES")["by its text alone"] == "answered by Howdah");
}

TEST_CASE("an explained read tells how each node stands") {
  auto rows = explained(
      "[delay_threshold=100] {lb=1 lag=1:50 lag_time=1:3 lag=2:200 replayed=1:0/60 wrote=1 sample=2:0/50} SELECT 1");
  CHECK(rows["target"] == "node 1 (db1:5432, standby)");
  CHECK(rows["must have replayed"] == "0/50");
  CHECK(rows["node 0"] == "primary, weight 0");
  CHECK(rows["node 1"] == "standby, weight 1, lag 50 bytes 3 ms, replayed 0/60");
  CHECK(rows["node 2"] ==
        "standby, weight 1, lag 200 bytes, replayed 0/0, beyond the delay threshold, behind what this statement must see");
}

TEST_CASE("an explained statement tells its transaction and the preference its session follows") {
  auto rows = explained("[app_name_redirect_preference_list=web:2] {transaction open=1 read_only} SELECT 1");
  CHECK(rows["transaction"] == "open on node 1, READ ONLY");
  CHECK(rows["reads prefer"] == "node 2 by \"web\" of app_name_redirect_preference_list, in 100 of 100 draws");
  CHECK(explained("{transaction serializable} SELECT 1")["transaction"] ==
        "its first statement decides where it runs, SERIALIZABLE");
}

TEST_CASE("an explained statement without a node says what happens instead") {
  CHECK(explained("{no_primary} DELETE FROM t")["target"] == "none: the statement waits");
  CHECK(explained("{pinned=1:listen} DELETE FROM t")["target"] == "none: the session ends");
  CHECK(explained("{pinned=0:listen} SELECT 1")["session is pinned"] == "to node 0 (db0:5432, primary), because of listen");
  CHECK(explained("SHOW POOL_NODES")["target"] == "howdah");
  CHECK(explained("{wrote=1 lb=1} SELECT 1")["must have replayed"] ==
        "not known yet: a write was acknowledged after the primary was last asked");
  CHECK(explained("{wrote=1 lb=1} /*howdah: read_consistency=eventual*/ SELECT 1")["must have replayed"] == "none");
  CHECK(explained("{consistency=global lb=1} SELECT 1")["read consistency"] == "global");
}
