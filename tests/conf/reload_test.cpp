#include "conf/reload.hpp"

#include "tests/conf/load_support.hpp"

#include <catch2/catch.hpp>

namespace howdah {

namespace {

Reloaded reload(const std::string& before, const std::string& after) {
  return reload_settings(load_after_nodes(before).settings, load_after_nodes(after));
}

std::string applied_text(const Reloaded& reloaded) {
  std::string text;
  for (const AppliedChange& change : reloaded.applied)
    text += change.name + ": " + change.before + " -> " + change.after + "\n";
  return text;
}

}  // namespace

TEST_CASE("an unchanged file changes nothing") {
  const Reloaded reloaded = reload("port = 5432\npool_mode = session\n", "pool_mode = session\nport = 5432\n");
  CHECK(applied_text(reloaded).empty());
  CHECK(said(reloaded.findings).empty());
  CHECK_FALSE(reloaded.is_refused);
}

TEST_CASE("a changed parameter is taken, and told with both values") {
  const Reloaded reloaded = reload("pool_mode = session\n",
                                   "pool_mode = transaction\nquery_wait_timeout = 5\n"
                                   "health_check_password0 = 'secret'\n");
  CHECK(applied_text(reloaded) ==
        "pool_mode: session -> transaction\nquery_wait_timeout: 2min -> 5s\n"
        "health_check_password0: ***** -> *****\n");
  CHECK(reloaded.settings.pool.pool_mode() == PoolMode::transaction);
  CHECK(reloaded.settings.pool.query_wait_timeout() == 5s);
  CHECK(reloaded.settings.nodes[0].health_check_password() == "secret");
}

TEST_CASE("blocks of databases and users come, change and go") {
  const Reloaded reloaded = reload("database_name0 = 'shop'\ndatabase_pool_size0 = 3\nuser_name2 = 'ann'\nuser_pool_mode2 = session\n",
                                   "database_name0 = 'shop'\ndatabase_pool_size0 = 5\ndatabase_name1 = 'till'\n"
                                   "database_pool_mode1 = statement\n");
  CHECK(applied_text(reloaded) == "database_pool_size0: 3 -> 5\ndatabase 1:  -> till\nuser 2: ann -> \n");
  CHECK(reloaded.settings.find_database("shop")->database_pool_size() == 5);
  CHECK(reloaded.settings.find_database("till")->database_pool_mode() == PoolMode::statement);
  CHECK(reloaded.settings.find_user("ann") == nullptr);
}

TEST_CASE("a parameter that needs a restart keeps its running value, and it is said") {
  const Reloaded reloaded = reload("port = 5432\n", "port = 5433\n");
  CHECK(reloaded.settings.listen.port() == 5432);
  CHECK(said(reloaded.findings) ==
        "/etc/pgpool.conf:6: warning: \"port\" needs a restart to change from 5432 to 5433\n");
}

TEST_CASE("a password that needs a restart is not shown in saying so") {
  const Reloaded reloaded = reload("sr_check_password = 'one'\n", "sr_check_password = 'two'\n");
  CHECK(reloaded.settings.replication.sr_check_password() == "one");
  CHECK(finding_with(reloaded.findings, "\"sr_check_password\" needs a restart to change from ***** to *****"));
}

TEST_CASE("a parameter that is no longer set goes back to its default, and it is said") {
  const Reloaded reloaded = reload("pool_mode = session\n", "");
  CHECK(reloaded.settings.pool.pool_mode() == PoolMode::transaction);
  CHECK(finding_with(reloaded.findings, "\"pool_mode\" is no longer set: it goes back to its default, transaction"));
}

TEST_CASE("a bad value keeps the running one, and the rest is taken") {
  const Reloaded reloaded =
      reload("pool_mode = session\nquery_timeout = 1\n", "pool_mode = often\nquery_timeout = 2\n");
  CHECK_FALSE(reloaded.is_refused);
  CHECK(reloaded.settings.pool.pool_mode() == PoolMode::session);
  CHECK(reloaded.settings.pool.query_timeout() == 2s);
  CHECK(finding_with(reloaded.findings, ":6: warning: invalid value for parameter \"pool_mode\": \"often\""));
  CHECK(finding_with(reloaded.findings, "; the running value is kept"));
  CHECK_FALSE(has_errors(reloaded.findings));
}

TEST_CASE("a line that is not understood, or a missing file, refuses the whole reload") {
  for (const char* broken : {"pool_mode = transaction\nx = 'open\n", "pool_mode = transaction\ninclude 'none'\n"}) {
    const Reloaded reloaded = reload("pool_mode = session\n", broken);
    CHECK(reloaded.is_refused);
    CHECK(reloaded.settings.pool.pool_mode() == PoolMode::session);
    CHECK(reloaded.applied.empty());
    CHECK(finding_with(reloaded.findings, "error: nothing is reloaded: a line or file is not understood"));
  }
}

TEST_CASE("parameters that contradict each other refuse the whole reload") {
  const Reloaded reloaded = reload("", "failover_mode = command\npool_mode = session\n");
  CHECK(reloaded.is_refused);
  CHECK(reloaded.settings.pool.pool_mode() == PoolMode::transaction);
  CHECK(finding_with(reloaded.findings, "failover_mode = command needs a failover_command"));
}

TEST_CASE("a contradiction with a running value is found, too") {
  const Reloaded reloaded = reload("num_init_children = 10\n", "num_init_children = 10\nmax_client_conn = 20\n");
  CHECK_FALSE(reloaded.is_refused);
  CHECK(reloaded.settings.pool.max_client_conn() == 20);
}

TEST_CASE("a new server appears; host and port of one in use stay; one that is gone stays until a restart") {
  const Loaded running = load_after_nodes("");
  const Loaded fresh = load_text(
      "sr_check_user = 'monitor'\nbackend_hostname0 = 'elsewhere'\nbackend_weight0 = 5\nbackend_hostname7 = 'new'\n");
  const Reloaded reloaded = reload_settings(running.settings, fresh);
  REQUIRE(reloaded.settings.nodes.size() == 3);
  CHECK(reloaded.settings.nodes[0].backend_hostname() == "a");
  CHECK(reloaded.settings.nodes[0].backend_weight() == 5);
  CHECK(reloaded.settings.nodes[1].backend_hostname() == "b");
  CHECK(reloaded.settings.nodes[2].id == NodeId{7});
  CHECK(finding_with(reloaded.findings,
                     ":2: warning: \"backend_hostname0\" needs a restart to change from a to elsewhere"));
  CHECK(finding_with(reloaded.findings, "node 1 is no longer in the file"));
  CHECK(applied_text(reloaded).find("node 7:  -> new:5432") != std::string::npos);
}

TEST_CASE("a mode that was derived is derived anew") {
  const Reloaded reloaded = reload("failover_command = 'x'\n", "");
  CHECK(reloaded.settings.howdah.failover_mode() == FailoverMode::none);
  CHECK(reloaded.settings.failover.failover_command().empty());
}

}  // namespace howdah
