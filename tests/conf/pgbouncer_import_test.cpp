#include "conf/pgbouncer_import.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <set>

#include "conf/load.hpp"
#include "conf/pgbouncer_keys.hpp"
#include "conf/walk.hpp"

namespace howdah {
namespace {

using Files = std::map<std::string, std::string>;

FileReader reader_of(Files files) {
  return [files = std::move(files)](const std::string& path) -> Result<std::string> {
    const auto found = files.find(path);
    if (found == files.end()) return Error{ErrorCode::environment, path + ": No such file or directory"};
    return found->second;
  };
}

ImportedFiles imported(const std::string& ini, Files files = {}, const std::string& servers = {}) {
  files["/etc/pgbouncer/pgbouncer.ini"] = ini;
  return import_pgbouncer("/etc/pgbouncer/pgbouncer.ini", "/out", servers, reader_of(std::move(files)));
}

Settings settings_of(const ImportedFiles& files) {
  return load_settings({"/out/pgpool.conf", reader_of({{"/out/pgpool.conf", files.pgpool_conf}})}).settings;
}

// "12 warning", in order of the lines; without what is said of the whole file.
std::vector<std::string> told(const ImportedFiles& files) {
  std::map<int, std::string> by_line;
  for (const Finding& finding : files.findings)
    if (finding.place.line > 0) by_line[finding.place.line] += std::to_string(finding.place.line) + " " + std::string(level_name(finding.level)) + ";";
  std::vector<std::string> out;
  for (const auto& [line, text] : by_line) out.push_back(text);
  return out;
}

TEST_CASE("what PgBouncer does by default is written where Howdah would do otherwise") {
  const auto files = imported("[databases]\napp = host=10.0.0.1 port=5433\n[pgbouncer]\n");
  REQUIRE(told(files).empty());
  const Settings settings = settings_of(files);
  CHECK(settings.listen.port() == 6432);
  CHECK(settings.listen.listen_addresses().empty());
  CHECK(settings.pool.pool_mode() == PoolMode::session);
  CHECK(settings.server_tls_mode() == TlsMode::prefer);
  CHECK(settings.client_tls_mode() == TlsMode::disable);
  REQUIRE(settings.nodes.size() == 1);
  CHECK(settings.nodes[0].backend_hostname() == "10.0.0.1");
  CHECK(settings.nodes[0].backend_port() == 5433);
  CHECK(settings.clustering.backend_clustering_mode() == ClusteringMode::raw);
  CHECK(files.pool_hba.find("host \"app\" all all md5\n") != std::string::npos);
}

TEST_CASE("settings keep their values under our names") {
  const auto files = imported(
      "; a comment\n[databases]\n* = host=db\n[pgbouncer]\nlisten_addr = 0.0.0.0, ::1\nlisten_port=6000\n"
      "pool_mode = transaction\nmax_client_conn = 7\ndefault_pool_size = 3\nquery_wait_timeout = 1.5\n"
      "client_idle_timeout = 60\nserver_reset_query = SELECT ';'\ndefault_pool_size = 4\n");
  REQUIRE(told(files).empty());
  const Settings settings = settings_of(files);
  CHECK(settings.listen.listen_addresses() == StringList{"0.0.0.0", "::1"});
  CHECK(settings.listen.port() == 6000);
  CHECK(settings.pool.pool_mode() == PoolMode::transaction);
  CHECK(settings.pool.max_client_conn() == 7);
  CHECK(settings.pool.default_pool_size() == 4);
  CHECK(settings.pool.query_wait_timeout() == 1500ms);
  CHECK(settings.pool.client_idle_limit() == 60s);
  CHECK(settings.pool.server_reset_query() == "SELECT ';'");
  CHECK(files.pool_hba.find("host all all all md5\n") != std::string::npos);
}

TEST_CASE("what has no counterpart is told with its line") {
  const auto files = imported(
      "[databases]\n"
      "a = host=db\n"
      "b = host=db load_balance_hosts=disable\n"
      "c = host=elsewhere\n"
      "\"odd \"\"name\" = host=db dbname=plain\n"
      "[users]\n"
      "app = pool_mode=session\n"
      "[pgbouncer]\n"
      "peer_id = 1\n"
      "disable_pqexec = 0\n"
      "ignore_startup_parameters = extra_float_digits\n"
      "[peers]\n"
      "1 = host=x\n");
  CHECK(told(files) == std::vector<std::string>{"3 notice;", "4 warning;", "9 warning;", "11 notice;", "13 warning;"});
  CHECK(files.pool_hba.find("\"a\",\"b\",\"odd \"\"name\"") != std::string::npos);
}

TEST_CASE("what a database or user has of its own is written for it") {
  const auto files = imported(
      "[databases]\na = host=db pool_size=5 pool_mode=session max_db_connections=0\nb = host=db\n* = host=db reserve_pool=2 pool_size=-1\n"
      "[users]\nann = pool_mode=statement max_user_connections=3 query_timeout=1.5 idle_transaction_timeout=0\n\"o'd d\" = pool_size=0\n"
      "[pgbouncer]\npool_mode = transaction\ndefault_pool_size=2\nmax_db_connections=7\nmax_user_client_connections=4\n");
  CHECK(told(files).empty());
  const Settings settings = settings_of(files);
  REQUIRE(settings.databases.size() == 2);
  REQUIRE(settings.users.size() == 2);
  const PoolInForce one = settings.pool_in_force("a", "bob");
  CHECK(one.pool_size() == 5);
  CHECK(one.pool_mode() == PoolMode::session);
  CHECK(one.max_db_connections() == 7);
  CHECK(one.reserve_pool_size() == 0);
  CHECK(one.max_user_client_connections() == 4);
  const PoolInForce other = settings.pool_in_force("c", "ann");
  CHECK(other.pool_size() == 2);
  CHECK(other.reserve_pool_size() == 2);
  CHECK(other.pool_mode() == PoolMode::statement);
  CHECK(other.max_user_connections() == 3);
  CHECK(other.query_timeout() == 1500ms);
  CHECK(other.idle_transaction_timeout.name() == "idle_transaction_timeout");
  CHECK(settings.pool_in_force("b", "o'd d").pool_size() == 0);
}

TEST_CASE("a database may have another name and a user of its own on the servers") {
  const auto files = imported(
      "[databases]\napp = host=db user=forced password='it''s' pool_size=5\nbatch = host=db dbname=app user=forced\n"
      "twice = host=elsewhere\ntwice = host=db\n[pgbouncer]\n");
  CHECK(told(files).empty());
  const Settings settings = settings_of(files);
  CHECK(settings.server_database("batch") == "app");
  CHECK(settings.server_database("app") == "app");
  CHECK(settings.server_user("batch", "ann") == "forced");
  CHECK(settings.server_user("twice", "ann") == "ann");
  CHECK(settings.find_database("app")->database_password() == "it's");
  CHECK(files.holds_password);
  CHECK(settings.pool_in_force("batch", "").pool_size() == 20);
  CHECK(files.pool_hba.find("\"app\",\"batch\",\"twice\"") != std::string::npos);
  // Nobody else is known who could watch the servers.
  CHECK(settings.replication.sr_check_user() == "forced");
  CHECK(settings.replication.sr_check_password() == "it's");
}

TEST_CASE("a time of less than our unit does not become no limit") {
  const auto files = imported(
      "[databases]\n* = host=db\n[users]\nann = client_idle_timeout=0.2 query_timeout=0.2\n[pgbouncer]\nclient_idle_timeout = 0.5\n"
      "client_login_timeout = 2.5\nquery_timeout = 0.5\n");
  CHECK(told(files).empty());
  const Settings settings = settings_of(files);
  CHECK(settings.pool.client_idle_limit() == 1s);
  CHECK(settings.auth.authentication_timeout() == 3s);
  CHECK(settings.pool.query_timeout() == 500ms);
  CHECK(settings.find_user("ann")->user_client_idle_limit() == 1s);
  CHECK(settings.find_user("ann")->user_query_timeout() == 200ms);
}

TEST_CASE("what server connections of a database are set to, its clients begin with") {
  const auto files = imported(
      "[databases]\na = host=db application_name=till timezone='Europe/Vienna' "
      "connect_query='set search_path to shop, \"O dd\"; SET SESSION statement_timeout = ''5 s''; SET ROLE clerk'\n"
      "b = host=db connect_query='SELECT pg_catalog.set_config(''work_mem'', ''64MB'', false);'\nc = host=db connect_query=''\n[pgbouncer]\n");
  CHECK(told(files).empty());
  const Settings settings = settings_of(files);
  CHECK(settings.find_database("a")->database_options() ==
        R"(-c application_name=till -c timezone=Europe/Vienna -c search_path=shop,\ "O\ dd" -c statement_timeout=5\ s -c role=clerk)");
  CHECK(settings.find_database("b")->database_options() == "-c work_mem=64MB");
  CHECK(settings.find_database("c") == nullptr);
}

TEST_CASE("a connect_query that does more than SET runs on each new server connection") {
  for (const char* sql : {"SELECT 1", "SET LOCAL a = 1; SELECT 2", "SET a TO DEFAULT", "SET a =", "SET a = 1,", "LOAD ''x''", "SET a = 1 + 2",
                          "SET a = $$1$$", "SET a = ''open", "SELECT set_config(''a'', ''b'', true)", "SET a = 1 -- comment", "SET a = 1--comment", "SET a = /* 1 */ 2", "SET LOCAL a TO 1"}) {
    INFO(sql);
    const auto files = imported(std::string("[databases]\na = host=db connect_query='") + sql + "'\n[pgbouncer]\n");
    CHECK(told(files).empty());
    CHECK(files.pgpool_conf.find("database_options") == std::string::npos);
    CHECK_FALSE(settings_of(files).find_database("a")->database_connect_query().empty());
  }
}

TEST_CASE("of databases on several servers one import takes those that were asked for") {
  const std::string ini = "[databases]\na = host=db\nb = host=db\nc = host=other port=6000\n[pgbouncer]\n";
  CHECK(settings_of(imported(ini)).nodes[0].backend_hostname() == "db");
  const auto files = imported(ini, {}, "other:6000");
  CHECK(settings_of(files).nodes[0].backend_hostname() == "other");
  CHECK(files.pool_hba.find("host \"c\" all all md5\n") != std::string::npos);
  CHECK(told(files) == std::vector<std::string>{"2 warning;", "3 warning;"});
  CHECK(has_errors(imported(ini, {}, "nowhere:1").findings));
}

TEST_CASE("any client is trusted where none of them logs in to a server") {
  const std::string end = "[pgbouncer]\nauth_type = any\n";
  const auto forced = imported("[databases]\na = host=db user=x\n* = host=db user=y\n" + end);
  CHECK(told(forced).empty());
  CHECK(forced.pool_hba.find("host all all all trust\n") != std::string::npos);
  const auto open = imported("[databases]\na = host=db user=x\nb = host=db\n" + end);
  CHECK(told(open) == std::vector<std::string>{"5 warning;"});
  CHECK(open.pool_hba.find("trust") == std::string::npos);
}

TEST_CASE("several hosts become a primary and its replicas") {
  const auto files = imported("[databases]\n* = host=a,b,c port=5432,5433,5434\n[pgbouncer]\n");
  const Settings settings = settings_of(files);
  REQUIRE(settings.nodes.size() == 3);
  CHECK(settings.nodes[2].backend_hostname() == "c");
  CHECK(settings.nodes[2].backend_port() == 5434);
  CHECK(settings.clustering.backend_clustering_mode() == ClusteringMode::streaming_replication);
  CHECK(told(files) == std::vector<std::string>{"2 warning;"});
}

TEST_CASE("mistakes are errors with their lines") {
  const auto files = imported("stray = 1\n[databases]\na = host\n[pgbouncer]\nno_such_setting = 1\nnonsense\n%include missing.ini\n"
                              "pool_mode = sometimes\n[other]\n[databases]\nb = pool_mode=often\n[users]\nann = pool_size=many\n[databases]\npgbouncer = host=db\n");
  REQUIRE(has_errors(files.findings));
  std::set<int> lines;
  for (const Finding& finding : files.findings)
    if (finding.place.file == "/etc/pgbouncer/pgbouncer.ini") lines.insert(finding.place.line);
  for (const int line : {1, 3, 5, 6, 7, 8, 9, 11, 13, 15}) CHECK(lines.contains(line));
}

TEST_CASE("%include reads on in another file") {
  const auto files = imported("%include common.ini\n[databases]\n* = host=db\n",
                              {{"/etc/pgbouncer/common.ini", "[pgbouncer]\nlisten_port = 7000\n"}});
  CHECK(told(files).empty());
  CHECK(settings_of(files).listen.port() == 7000);
  CHECK_FALSE(files.holds_password);
}

TEST_CASE("passwords of the auth file go to pool_passwd as they are meant") {
  const std::string list = "\"plain\" \"TEXTual\"\n\"quo\"\"ted\" \"a\"\"b\" ignored\n; comment\n\n"
                           "\"hash\" \"md5c0ffee0123456789c0ffee0123456789\"\n\"empty\" \"\"\n\"colon\" \"a:b\"\n";
  const auto files = imported("[databases]\n* = host=db\n[pgbouncer]\nauth_type = scram-sha-256\nauth_file = userlist.txt\n",
                              {{"/etc/pgbouncer/userlist.txt", list}});
  CHECK(files.pool_passwd == "hash:md5c0ffee0123456789c0ffee0123456789\nplain:TEXTTEXTual\nquo\"ted:TEXTa\"b\n");
  CHECK(told(files) == std::vector<std::string>{"5 warning;"});
  CHECK(files.pool_hba.find("host all all all scram-sha-256\n") != std::string::npos);
}

TEST_CASE("trust admits only the users that PgBouncer knows") {
  const auto files = imported("[databases]\n* = host=db\n[pgbouncer]\nauth_type = trust\nauth_file = /u\n", {{"/u", "\"a\" \"\"\n\"b\" \"x\"\n"}});
  CHECK(files.pool_hba.find("host all \"b\" all trust\n") != std::string::npos);
  CHECK(imported("[databases]\n* = host=db\n[pgbouncer]\nauth_type = trust\n").pool_hba.find("trust") == std::string::npos);
}

TEST_CASE("rules of an auth_hba_file keep their order, and what cannot be kept rejects") {
  const std::string rules = "# comment\nlocal all all peer\nhostssl app \"bob\" 10.0.0.0/8 cert map=x\n"
                            "host all @admins 127.0.0.1/32 trust # here\nhost app,other all 0.0.0.0 0.0.0.0 scram-sha-256\n";
  const auto files = imported("[databases]\napp = host=db\n[pgbouncer]\nauth_type = hba\nauth_hba_file = hba\n",
                              {{"/etc/pgbouncer/hba", rules}, {"/etc/pgbouncer/admins", "carol\n"}});
  CHECK(files.pool_hba.ends_with("local \"app\" all reject\nhostssl app \"bob\" 10.0.0.0/8 reject\n"
                                 "host \"app\" @/etc/pgbouncer/admins 127.0.0.1/32 trust\n"
                                 "host app,other all 0.0.0.0 0.0.0.0 scram-sha-256\n"));
  CHECK(told(files) == std::vector<std::string>{"2 warning;", "3 warning;"});
}

TEST_CASE("those who may use the console may log in to it") {
  const auto files = imported("[databases]\napp = host=db\n[pgbouncer]\nadmin_users = boss, other\n");
  CHECK(told(files).empty());
  CHECK(settings_of(files).auth.admin_users() == StringList{"boss", "other"});
  CHECK(files.pool_hba.find("host \"app\",\"pgbouncer\" all all md5\n") != std::string::npos);
}

TEST_CASE("the servers are watched by a user whose password is known") {
  const std::string ini = "[databases]\n* = host=db\n[pgbouncer]\nauth_file = /u\n";
  const std::string list = "\"a\" \"md5c0ffee0123456789c0ffee0123456789\"\n\"b\" \"x\"\n\"c\" \"y\"\n";
  CHECK(settings_of(imported(ini, {{"/u", list}})).replication.sr_check_user() == "b");
  CHECK(settings_of(imported(ini + "auth_user = c\n", {{"/u", list}})).replication.sr_check_user() == "c");
  const auto nobody = imported(ini, {{"/u", ""}});
  REQUIRE(nobody.findings.size() == 1);
  CHECK(nobody.findings[0].level == FindingLevel::warning);
}

TEST_CASE("auth_query is asked in a database that no client chooses") {
  const auto files = imported("[databases]\napp = host=db\n[pgbouncer]\nauth_user = asker\nauth_query = SELECT * FROM f($1)\n");
  const Settings settings = settings_of(files);
  CHECK(settings.auth.auth_user() == "asker");
  CHECK(settings.auth.auth_query() == "SELECT * FROM f($1)");
  CHECK(settings.auth.auth_dbname() == "app");
  CHECK(told(files) == std::vector<std::string>{"5 warning;"});
}

TEST_CASE("every key that is carried over is a parameter of ours") {
  const Settings settings;
  const Settings with_blocks =
      load_settings({"/f", reader_of({{"/f", "database_name0 = 'a'\nuser_name0 = 'a'\n"}})}).settings;
  for (const PgbouncerKey& key : setting_keys()) {
    INFO(key.name);
    if (key.fate == KeyFate::carried) CHECK(find_param(settings, key.text.empty() ? key.name : key.text) != nullptr);
    if (key.fate == KeyFate::needless || key.fate == KeyFate::missing) CHECK(!key.text.empty());
    CHECK_FALSE(is_own(key.fate));
  }
  for (const auto keys : {database_keys(), user_keys()})
    for (const PgbouncerKey& key : keys) {
      INFO(key.name);
      if (is_own(key.fate)) CHECK(find_param(with_blocks, std::string(key.text) + "0") != nullptr);
    }
}

TEST_CASE("connection strings are read as PgBouncer reads them") {
  const auto pairs = parse_ini_pairs(" host = a  dbname='it''s' empty= ");
  REQUIRE(pairs);
  REQUIRE(pairs->size() == 3);
  CHECK((*pairs)[0].value == "a");
  CHECK((*pairs)[1].value == "it's");
  CHECK((*pairs)[2].value.empty());
  CHECK(parse_ini_pairs("")->empty());
  CHECK(!parse_ini_pairs("host"));
  CHECK(!parse_ini_pairs("a='open"));
  CHECK(!parse_ini_pairs("two words=1"));
}

}  // namespace
}  // namespace howdah
