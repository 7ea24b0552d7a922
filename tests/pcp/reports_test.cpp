#include "pcp/reports.hpp"

#include "pcp/node_rows.hpp"
#include "pcp/process_rows.hpp"
#include "pcp/settings_rows.hpp"
#include "tests/pcp/fake_surface.hpp"

#include <catch2/catch.hpp>

using namespace howdah;
using namespace howdah::pcp;

namespace {

using Row = std::vector<std::string>;

Report show(FakeSurface& surface, std::string_view name, const Asker& asker = {}) {
  std::optional<Result<Report>> answer;
  show_report(surface, name, asker, [&](Result<Report> given) { answer = std::move(given); });
  REQUIRE(answer.has_value());
  REQUIRE(answer->has_value());
  return **answer;
}

std::string value_of(const Report& report, std::string_view item) {
  for (const Row& row : report.rows)
    if (row[0] == item) return row[1];
  return "no such row";
}

// A client that runs a statement on node 1, and one that is idle without a server connection.
void add_traffic(FakeSurface& surface) {
  WorkerStats& worker = surface.gateway.workers[0];
  worker.clients_served = 5;
  worker.clients = {{.id = {10},
                     .pid = 77,
                     .user = "postgres",
                     .database = "test",
                     .host = "127.0.0.1",
                     .port = 58734,
                     .connected_at = kStart,
                     .state = ClientState::execute_command,
                     .load_balance_node = NodeId{1},
                     .statement = "SELECT 1"},
                    {.id = {11}, .user = "app", .database = "shop", .state = ClientState::idle}};
  worker.servers = {{.id = {20},
                     .node = {1},
                     .user = "postgres",
                     .database = "test",
                     .pid = 7491,
                     .opened_at = kStart,
                     .uses = 4,
                     .held_by = SessionId{10},
                     .client_connected_at = kStart}};
}

}  // namespace

TEST_CASE("SHOW POOL_NODES has Pgpool's 14 columns and values") {
  FakeSurface surface;
  surface.gateway.workers[0].counters = {{.node = {1}, .counts = {3}}};
  surface.gateway.workers[1].counters = {{.node = {1}, .counts = {4}}};
  surface.cluster.nodes[2].replication_state = "streaming";
  surface.cluster.nodes[2].sync_state = "async";
  surface.cluster.nodes[2].lag_bytes = 512;
  const Report report = show(surface, "nodes", {.load_balance_node = NodeId{1}});
  CHECK(report.columns == Row{"node_id", "hostname", "port", "status", "pg_status", "lb_weight", "role", "pg_role",
                              "select_cnt", "load_balance_node", "replication_delay", "replication_state",
                              "replication_sync_state", "last_status_change"});
  REQUIRE(report.rows.size() == 3);
  CHECK(report.rows[0] == Row{"0", "127.0.0.1", "15500", "up", "up", "0.333333", "primary", "primary", "0", "false",
                              "0", "", "", "2026-11-21 04:08:45"});
  CHECK(report.rows[1] == Row{"1", "127.0.0.1", "15501", "up", "up", "0.333333", "standby", "standby", "7", "true", "0",
                              "", "", "2026-11-21 04:08:45"});
  CHECK(report.rows[2] == Row{"2", "127.0.0.1", "15502", "up", "up", "0.333333", "standby", "standby", "0", "false",
                              "512", "streaming", "async", "2026-11-21 04:08:45"});
}

TEST_CASE("what is not asked is unknown, and a suspect node is in quarantine") {
  FakeSurface surface;
  surface.set("health_check_period", "0");
  surface.cluster.nodes[1].state = NodeState::down;
  surface.cluster.nodes[1].is_quarantined = true;
  surface.cluster.nodes[2].state = NodeState::waiting;
  const Report report = show(surface, "nodes");
  CHECK(report.rows[0][4] == "unknown");
  CHECK(report.rows[0][7] == "unknown");
  CHECK(report.rows[1][3] == "quarantine");
  CHECK(report.rows[2][3] == "waiting");
}

TEST_CASE("a delay in time is shown in seconds, and sent in microseconds behind its mark") {
  FakeSurface surface;
  surface.set("delay_threshold_by_time", "1000");
  surface.cluster.nodes[1].lag_time = 35783us;
  surface.cluster.nodes[2].lag_time = 2500ms;
  const Report report = show(surface, "nodes");
  CHECK(report.rows[0][10] == "0");
  CHECK(report.rows[1][10] == "0.035783 second");
  CHECK(report.rows[2][10] == "2.500000 seconds");
  const auto rows = node_rows(facts_now(surface));
  CHECK(node_record(rows[1], true)[8] == "1");
  CHECK(node_record(rows[1], true)[9] == "35783");
  CHECK(node_record(rows[1], true).size() == 13);
  CHECK(node_record(rows[1], false).size() == 12);
}

TEST_CASE("in raw mode the first usable node is main") {
  FakeSurface surface;
  surface.set("backend_clustering_mode", "raw");
  surface.cluster.nodes[0].state = NodeState::down;
  const Report report = show(surface, "nodes");
  CHECK(report.rows[0][6] == "replica");
  CHECK(report.rows[1][6] == "main");
  CHECK(node_record(node_rows(facts_now(surface))[1], true)[6] == "0");
}

TEST_CASE("SHOW POOL_PROCESSES has a row per client, and one for a worker without any") {
  FakeSurface surface;
  add_traffic(surface);
  const Report report = show(surface, "processes");
  CHECK(report.columns == Row{"pool_pid", "start_time", "client_connection_count", "database", "username",
                              "backend_connection_time", "pool_counter", "status"});
  REQUIRE(report.rows.size() == 3);
  CHECK(report.rows[0] ==
        Row{"6130", "2026-11-21 04:08:45", "5", "test", "postgres", "2026-11-21 04:08:45", "4", "Execute command"});
  CHECK(report.rows[1] == Row{"6130", "2026-11-21 04:08:45", "5", "shop", "app", "", "", "Idle"});
  CHECK(report.rows[2] == Row{"6131", "2026-11-21 04:08:45", "0", "", "", "", "", "Wait for connection"});
}

TEST_CASE("SHOW POOL_POOLS has a row per server connection, with the client that holds it") {
  FakeSurface surface;
  add_traffic(surface);
  const Report report = show(surface, "pools");
  REQUIRE(report.columns.size() == 21);
  CHECK(report.columns[14] == "pool_backendpid");
  REQUIRE(report.rows.size() == 2);
  CHECK(report.rows[0] == Row{"6130",
                              "2026-11-21 04:08:45",
                              "5",
                              "0",
                              "1",
                              "test",
                              "postgres",
                              "2026-11-21 04:08:45",
                              "2026-11-21 04:08:45",
                              "",
                              "0",
                              "3",
                              "0",
                              "4",
                              "7491",
                              "1",
                              "Execute command",
                              "1",
                              "127.0.0.1",
                              "58734",
                              "SELECT 1"});
  CHECK(report.rows[1][5].empty());
}

TEST_CASE("SHOW POOL_BACKEND_STATS adds up the workers' counters") {
  FakeSurface surface;
  surface.gateway.workers[0].counters = {{.node = {0}, .counts = {1, 2, 3, 4, 5, 6, 7, 8, 9}}};
  surface.gateway.workers[1].counters = {{.node = {0}, .counts = {10, 10, 10, 10, 10, 10, 10, 10, 10}}};
  const Report report = show(surface, "backend_stats");
  CHECK(report.columns == Row{"node_id", "hostname", "port", "status", "role", "select_cnt", "insert_cnt", "update_cnt",
                              "delete_cnt", "ddl_cnt", "other_cnt", "panic_cnt", "fatal_cnt", "error_cnt"});
  CHECK(report.rows[0] ==
        Row{"0", "127.0.0.1", "15500", "up", "primary", "11", "12", "13", "14", "15", "16", "17", "18", "19"});
  CHECK(report.rows[1][5] == "0");
}

TEST_CASE("health check statistics are the same under both names") {
  FakeSurface surface;
  const Report report = show(surface, "health_check_stats");
  CHECK(report.columns.size() == 20);
  CHECK(report.rows[1] == Row{"1",
                              "127.0.0.1",
                              "15501",
                              "up",
                              "standby",
                              "2026-11-21 04:08:45",
                              "1",
                              "1",
                              "0",
                              "0",
                              "0",
                              "0.000000",
                              "0",
                              "26",
                              "26",
                              "26.000000",
                              "2026-11-21 04:08:43",
                              "2026-11-21 04:08:43",
                              "",
                              ""});
  CHECK(show(surface, "health").rows == report.rows);
}

TEST_CASE("SHOW POOL_VERSION and POOL_CACHE have one row") {
  FakeSurface surface;
  CHECK(show(surface, "version").columns == Row{"pool_version"});
  CHECK(show(surface, "version").rows == std::vector<Row>{{"4.7.2 (howdah 0.1)"}});
  CHECK(show(surface, "cache").columns.size() == 9);
  CHECK(show(surface, "cache").rows.at(0).size() == 9);
}

TEST_CASE("an unknown report is PostgreSQL's error for an unknown parameter") {
  FakeSurface surface;
  std::optional<Result<Report>> answer;
  show_report(surface, "foo", {}, [&](Result<Report> given) { answer = std::move(given); });
  REQUIRE(answer->has_error());
  CHECK(answer->error().row().sqlstate == "42704");
  CHECK(answer->error().message == "unrecognized configuration parameter \"pool_foo\"");
  CHECK_FALSE(is_report("foo"));
}

TEST_CASE("every row of SHOW POOL_STATUS is known to the table of parameters") {
  FakeSurface surface;
  const Report report = show(surface, "status");
  CHECK(report.columns == Row{"item", "value", "description"});
  REQUIRE(report.rows.size() == 173);
  for (const Row& row : report.rows) {
    CAPTURE(row[0]);
    CHECK(row[2] != "not known to this version");
  }
  CHECK(report.rows[148][0] == "cache_unsafe_memqcache_table_list");
  CHECK(report.rows[149][0] == "backend_hostname0");
  CHECK(report.rows[156][0] == "backend_application_name0");
}

TEST_CASE("SHOW POOL_STATUS has raw values") {
  FakeSurface surface;
  surface.set("health_check_period", "90");
  surface.cluster.nodes[1].weight = 2;
  surface.cluster.nodes[1].lag_bytes = 9;
  const Report report = show(surface, "status");
  CHECK(value_of(report, "port") == "9999");
  CHECK(value_of(report, "health_check_period") == "90");
  CHECK(value_of(report, "load_balance_mode") == "1");
  CHECK(value_of(report, "backend_weight1") == "0.500000");
  CHECK(value_of(report, "backend_status0") == "up");
  CHECK(value_of(report, "standby_delay1") == "9");
  CHECK(value_of(report, "backend_flag2") == "ALLOW_TO_FAILOVER");
  CHECK(value_of(report, "user_redirect_preference_list") == "(null)");
}

TEST_CASE("PGPOOL SHOW answers one parameter, a group, or all") {
  FakeSurface surface;
  surface.set("health_check_period", "90");
  const auto one = pgpool_show(surface.configuration, "authentication_timeout");
  REQUIRE(one.has_value());
  CHECK(one->columns == Row{"authentication_timeout"});
  CHECK(one->rows == std::vector<Row>{{"1min"}});
  const auto beyond = pgpool_show(surface.configuration, "health_check_period9");
  REQUIRE(beyond.has_value());
  CHECK(beyond->rows == std::vector<Row>{{"90"}});

  const auto backend = pgpool_show(surface.configuration, "backend");
  REQUIRE(backend.has_value());
  REQUIRE(backend->rows.size() == 18);
  CHECK(backend->rows[0][0] == "backend_hostname0");
  CHECK(backend->rows[5][0] == "backend_flag0");
  CHECK(backend->rows[6][0] == "backend_hostname1");
  CHECK(pgpool_show(surface.configuration, "health_check")->rows.size() == 8 * 4);
  CHECK(pgpool_show(surface.configuration, "watchdog")->rows.empty());
}

TEST_CASE("PGPOOL SHOW ALL begins with the groups and goes on by length of name") {
  FakeSurface surface;
  const auto all = pgpool_show(surface.configuration, "all");
  REQUIRE(all.has_value());
  const std::size_t grouped = 18 + 32;
  CHECK(all->rows[0][0] == "backend_hostname0");
  CHECK(all->rows[18][0] == "health_check_period");
  std::size_t seen = 0;
  for_each_param(std::as_const(surface.configuration), [&](const ParamBase&) { ++seen; });
  CHECK(all->rows.size() == seen);
  for (std::size_t i = grouped + 1; i < all->rows.size(); ++i)
    CHECK(all->rows[i - 1][0].size() >= all->rows[i][0].size());
}

TEST_CASE("secrets are never shown") {
  FakeSurface surface;
  for_each_param(surface.configuration, [](ParamBase& param) {
    if (param.is_secret()) CHECK(param.assign("hunter2").has_value());
  });
  const auto all = pgpool_show(surface.configuration, "all");
  for (const Row& row : all->rows) CHECK(row[1].find("hunter2") == std::string::npos);
  for (const Row& row : show(surface, "status").rows)
    if (row[0] != "pool_passwd") CHECK(row[1].find("hunter2") == std::string::npos);
}

TEST_CASE("an unknown name is told with Pgpool's words") {
  FakeSurface surface;
  const auto answer = pgpool_show(surface.configuration, "nope");
  REQUIRE(answer.has_error());
  CHECK(answer.error().message == "config variable \"nope\" not found");
  CHECK(pgpool_show(surface.configuration, "failover").has_error());
}
