#include "conf/load.hpp"

#include "conf/container.hpp"
#include "conf/walk.hpp"
#include "tests/conf/load_support.hpp"

#include <catch2/catch.hpp>

namespace howdah {

TEST_CASE("all mistakes are listed at once, each with file and line") {
  const Loaded loaded = load_after_nodes(
      "port = 80\nssl = maybe\nnot a line = 5\nmax_pol = 3\npool_mode = often\nbackend_flag0 = 'FOO'\n");
  CHECK(has_errors(loaded.findings));
  CHECK(said(loaded.findings) ==
        "/etc/pgpool.conf:6: error: 80 is outside the valid range for parameter \"port\" (1024 .. 65535)\n"
        "/etc/pgpool.conf:7: error: invalid value for parameter \"ssl\": \"maybe\". It is on or off.\n"
        "/etc/pgpool.conf:8: error: \"line = 5\" after the value (parameter \"not\")\n"
        "/etc/pgpool.conf:9: warning: unknown parameter \"max_pol\"; did you mean \"max_pool\"?\n"
        "/etc/pgpool.conf:10: error: invalid value for parameter \"pool_mode\": \"often\". Available values: "
        "session, transaction, statement\n"
        "/etc/pgpool.conf:11: error: invalid value for parameter \"backend_flag0\": \"FOO\". Unknown backend flag: "
        "FOO.\n");
}

TEST_CASE("findings come in the order of lines, whatever found them") {
  const Loaded loaded = load_after_nodes("use_watchdog = on\nnope = 1\nserialize_accept = on\nport = x\n");
  int last = 0;
  for (const Finding& finding : loaded.findings) {
    CHECK(finding.place.line >= last);
    last = finding.place.line;
  }
  CHECK(last == 9);
}

TEST_CASE("a good file has nothing said about it") {
  const Loaded loaded = load_after_nodes("port = 5433\nload_balance_mode = on\nbackend_weight1 = 2\n");
  CHECK(said(loaded.findings).empty());
  CHECK(loaded.settings.listen.port() == 5433);
  CHECK(loaded.settings.nodes.size() == 2);
  CHECK(loaded.settings.find_node(NodeId{1})->backend_weight() == 2);
  CHECK(loaded.settings.find_node(NodeId{1})->backend_weight.name() == "backend_weight1");
  CHECK(loaded.settings.find_node(NodeId{7}) == nullptr);
}

TEST_CASE("what a line may say about a parameter") {
  struct Row {
    const char* line;
    const char* said;
  };
  constexpr Row kRows[] = {
      {"Port = 5432", "warning: unknown parameter \"Port\"; did you mean \"port\"?"},
      {"helth_check_period0 = 5", "did you mean \"health_check_period0\"?"},
      {"backend_hostnam3 = 'x'", "did you mean \"backend_hostname3\"?"},
      {"backend_flag0 = 'ALWAYS_MASTER'", "warning: ALWAYS_MASTER is the old name of ALWAYS_PRIMARY"},
      {"wd_port = 9000", "warning: \"wd_port\" is not a parameter of Pgpool 4.7: use hostnameN"},
      {"wd_port0 = 9000", "notice: \"wd_port0\" has no effect"},
      {"quite_unlike_anything = 1", "warning: unknown parameter \"quite_unlike_anything\"\n"},
      {"backend_hostname = 'x'", "warning: \"backend_hostname\" needs a number (backend_hostname0)"},
      {"database_name10000 = 'x'", "error: \"database_name10000\": numbers go from 0 to 9999"},
      {"databse_pool_mode3 = 'session'", "did you mean \"database_pool_mode3\"?"},
      {"user_pool_mode3 = 'session'", "warning: user_name3 is not set"},
      {"user_name1 = 'a'\nuser_name2 = 'a'", "error: user_name2 = 'a' stands in another block already"},
      {"backend_hostname128 = 'x'", "error: \"backend_hostname128\": numbers go from 0 to 127"},
      {"backend_hostname00 = 'x'", "warning: unknown parameter \"backend_hostname00\""},
      {"backend_hostname99999999999999 = 'x'", "warning: unknown parameter"},
      {"port5 = 1", "warning: unknown parameter \"port5\""},
      {"serialize_accept = on", "notice: \"serialize_accept\" has no effect, which is harmless: "},
      {"use_watchdog = on", "warning: \"use_watchdog\" is not supported: "},
      {"memory_cache_enabled = on", "warning: \"memory_cache_enabled\" is not supported: results are not cached"},
      {"logdir = '/x'", "warning: \"logdir\" is the old name of \"work_dir\""},
      {"delegate_IP = '10.0.0.1'", "warning: \"delegate_IP\" is the old name of \"delegate_ip\""},
      {"listen_addr = '*'", "notice: \"listen_addr\" is PgBouncer's name of \"listen_addresses\""},
      {"master_slave_mode = on", "warning: \"master_slave_mode\" is not a parameter of Pgpool 4.7: "},
      {"other_pgpool_hostname0 = 'x'", "warning: \"other_pgpool_hostname0\" is not a parameter"},
      {"ssl = ''", "warning: an empty value means on for parameter \"ssl\": on is taken"},
      {"sr_check_period = 1.5",
       "warning: the fraction of 1.5 is cut off for parameter \"sr_check_period\": 1s is taken"},
      {"delay_threshold_by_time = 10", "notice: \"delay_threshold_by_time\" without a unit means milliseconds"},
      {"port = 5432\nport = 5433", "notice: \"port\" is set again; /etc/pgpool.conf:6 no longer counts"},
      {"backend_weight5 = 1", "warning: node 5 is not used: it has neither backend_hostname nor backend_port"},
      {"backend_hostname5 = 'x'\nbackend_port5 = 0", "warning: node 5 is not used: it has port 0"},
  };
  for (const Row& row : kRows) {
    INFO(row.line);
    const Loaded loaded = load_after_nodes(std::string(row.line) + "\n");
    INFO(said(loaded.findings));
    CHECK(said(loaded.findings).find(row.said) != std::string::npos);
    CHECK(loaded.settings.nodes.size() == 2);
  }
}

TEST_CASE("features of Pgpool that are off are asked for exactly as they are here") {
  const Loaded loaded = load_after_nodes("use_watchdog = off\nmemory_cache_enabled = off\nlogging_collector = off\n");
  CHECK(said(loaded.findings).empty());
}

TEST_CASE("an old name gives its value to the new one, unless that is set too") {
  CHECK(load_after_nodes("logdir = '/old'\n").settings.files.work_dir() == "/old");
  CHECK(load_after_nodes("work_dir = '/new'\nlogdir = '/old'\n").settings.files.work_dir() == "/new");
  CHECK(load_after_nodes("client_login_timeout = 5\n").settings.auth.authentication_timeout() == 5s);
}

TEST_CASE("the last of two lines counts") {
  const Loaded loaded = load_after_nodes("port = 5432\nport = 5433\n");
  CHECK(loaded.settings.listen.port() == 5433);
  CHECK(loaded.places.at("port").line == 7);
}

TEST_CASE("a number without a server may have its health check set, as tools write it") {
  CHECK(said(load_after_nodes("health_check_period2 = 5\n").findings).empty());
}

TEST_CASE("environment variables override the file") {
  const Loaded loaded = load_text(std::string(kTwoNodes) + "port = 5432\n", {{"PGPOOL_PARAMS_PORT", "5433"},
                                                                             {"PGPOOL_PARAMS_BACKEND_WEIGHT1", "3"},
                                                                             {"PGPOOL_PARAMS_PROT", "1"},
                                                                             {"PGPOOL_PARAMS_SSL", "perhaps"},
                                                                             {"PATH", "/bin"}});
  CHECK(loaded.settings.listen.port() == 5433);
  CHECK(loaded.settings.find_node(NodeId{1})->backend_weight() == 3);
  CHECK(finding_with(loaded.findings, "environment variable PGPOOL_PARAMS_SSL: error: invalid value"));
  CHECK(finding_with(loaded.findings, "environment variable PGPOOL_PARAMS_PROT: warning: unknown parameter \"prot\""));
}

TEST_CASE("PRIMARY_IP and REPLICAS_IP are the servers") {
  struct Row {
    const char* primary;
    const char* replicas;
    const char* nodes;
  };
  constexpr Row kRows[] = {
      {"pg", "", "0=pg:5432 "},
      {"pg:6000", "r1, r2:6001", "0=pg:6000 1=r1:5432 2=r2:6001 "},
      {"::1", "[fe80::2]:6001,[fe80::3]", "0=::1:5432 1=fe80::2:6001 2=fe80::3:5432 "},
  };
  for (const Row& row : kRows) {
    INFO(row.primary);
    const Loaded loaded = load_text(
        "sr_check_user = 'm'\nbackend_hostname0 = 'x'\nbackend_weight0 = 7\n"
        "backend_hostname9 = 'left out'\n",
        {{"PRIMARY_IP", row.primary}, {"REPLICAS_IP", row.replicas}});
    CHECK_FALSE(has_errors(loaded.findings));
    CHECK(finding_with(loaded.findings, "/etc/pgpool.conf:4: warning: node 9 is left out"));
    std::string nodes;
    for (const NodeSettings& node : loaded.settings.nodes)
      nodes += fmt::format("{}={}:{} ", node.id.value, node.backend_hostname(), node.backend_port());
    CHECK(nodes == row.nodes);
    CHECK(loaded.settings.nodes[0].backend_weight() == 7);
  }
}

TEST_CASE("PRIMARY_IP with mistakes is refused") {
  CHECK(has_errors(load_text("", {{"PRIMARY_IP", "a,b"}}).findings));
  CHECK(has_errors(load_text("", {{"REPLICAS_IP", "b"}}).findings));
  CHECK(has_errors(load_text("", {{"PRIMARY_IP", "a:port"}}).findings));
  CHECK_FALSE(has_errors(load_text("", {{"PRIMARY_IP", ""}, {"PGPOOL_PARAMS_BACKEND_HOSTNAME0", "x"}}).findings));
}

TEST_CASE("a missing pgpool.conf is an error") {
  const TextFiles none;
  const Loaded loaded = load_settings({"/none", none.reader(), {}});
  CHECK(finding_with(loaded.findings, "/none: error: cannot read \"/none\""));
}

TEST_CASE("what is set decides what is not") {
  const auto with = [](const std::string& text) { return load_after_nodes(text).settings; };

  CHECK(with("").pool.max_client_conn() == 100);
  CHECK(with("num_init_children = 300\n").pool.max_client_conn() == 300);
  CHECK(with("num_init_children = 300\nmax_client_conn = 50\n").pool.max_client_conn() == 50);
  CHECK(with("max_client_conn = 50\n").pool.num_init_children() == 50);
  CHECK(with("").pool.max_node_connections() == 0);
  CHECK(with("num_init_children = 300\nmax_pool = 2\n").pool.max_node_connections() == 600);
  CHECK(with("num_init_children = 2000000000\nmax_pool = 2000000000\n").pool.max_node_connections() == INT32_MAX);
  CHECK(with("num_init_children = 300\nmax_node_connections = 7\n").pool.max_node_connections() == 7);
  CHECK(with("connection_life_time = 60\n").pool.server_idle_timeout() == 60s);
  CHECK(with("connection_cache = off\n").pool.server_lifetime() == 0s);
  CHECK(with("reset_query_list = 'ABORT; DISCARD ALL; SET x = 1'\n").pool.server_reset_query() ==
        "DISCARD ALL;SET x = 1");
  CHECK(with("").routing.load_balance_mode());
  CHECK_FALSE(with("backend_clustering_mode = raw\nload_balance_mode = on\n").routing.load_balance_mode());
  CHECK(with("").howdah.failover_mode() == FailoverMode::none);
  CHECK(with("failover_command = '/x %d'\n").howdah.failover_mode() == FailoverMode::command);
  CHECK(with("failover_command = ''\n").howdah.failover_mode() == FailoverMode::none);
  CHECK(with("failover_command = '/x'\nfailover_mode = none\n").howdah.failover_mode() == FailoverMode::none);
  CHECK(with("").health.health_check_user() == "monitor");
  CHECK(with("health_check_user = 'h'\n").health.health_check_user() == "h");
  CHECK_FALSE(with("num_init_children = 300\n").pool.max_client_conn.is_set());
  CHECK(with("connect_timeout = 3000\n").pool.server_connect_timeout() == 3s);
  CHECK(with("connect_timeout = 3000\nserver_connect_timeout = 4\n").pool.server_connect_timeout() == 4s);
}

TEST_CASE("defaults are safe ones for a new user") {
  const Settings settings = load_after_nodes("").settings;
  CHECK(settings.listen.listen_addresses() == StringList{"localhost"});
  CHECK(settings.pool.pool_mode() == PoolMode::transaction);
  CHECK(settings.howdah.read_consistency() == ReadConsistency::session);
  CHECK(settings.health.health_check_period() == 5s);
  CHECK(settings.replication.sr_check_period() == 1s);
  CHECK(settings.failover.auto_failback());
  CHECK_FALSE(settings.failover.failover_on_backend_shutdown());
}

TEST_CASE("files in the style of real deployments load without an error") {
  struct Row {
    const char* file;
    std::size_t nodes;
    int warnings;
  };
  constexpr Row kRows[] = {
      {"debian.conf", 3, 0}, {"bitnami.conf", 2, 2}, {"kubernetes.conf", 2, 1}, {"old_4.1.conf", 2, 8}};
  for (const Row& row : kRows) {
    INFO(row.file);
    const Loaded loaded = load_text(read_test_file(row.file));
    int warnings = 0;
    for (const Finding& finding : loaded.findings) warnings += finding.level == FindingLevel::warning;
    INFO(said(loaded.findings));
    CHECK_FALSE(has_errors(loaded.findings));
    CHECK(warnings == row.warnings);
    CHECK(loaded.settings.nodes.size() == row.nodes);
  }
}

}  // namespace howdah
