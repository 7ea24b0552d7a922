#include "conf/settings.hpp"

#include "conf/names.hpp"
#include "conf/walk.hpp"
#include "tests/conf/load_support.hpp"

#include <catch2/catch.hpp>

#include <set>
#include <sstream>

namespace howdah {

namespace {

Settings with_one_of_each() {
  Settings settings;
  add_node(settings, NodeId{0});
  number_rows(settings.databases.emplace_back(), 0);
  number_rows(settings.users.emplace_back(), 0);
  number_rows(settings.members.emplace_back(), 0);
  number_rows(settings.heartbeats.emplace_back(), 0);
  return settings;
}

std::string header_text(const std::string& name) {
  std::ifstream file(std::string(PROJECT_DIR) + "/conf/settings/" + name);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("a member of Settings has the name of its parameter") {
  int rows = 0;
  for (const char* file : {"clients.hpp", "elsewhere.hpp", "failover.hpp", "operation.hpp", "own.hpp", "peers.hpp", "pools.hpp",
                           "routing.hpp"}) {
    const std::string text = header_text(file);
    for (auto at = text.find("Param<"); at != std::string::npos; at = text.find("Param<", at + 1), ++rows) {
      const auto member = text.find("> ", at) + 2;
      const auto brace = text.find('{', member);
      const auto quote = text.find('"', brace) + 1;
      CHECK(text.substr(member, brace - member) == text.substr(quote, text.find('"', quote) - quote));
    }
  }
  int walked = 0;
  for_each_param(with_one_of_each(), ConstParamVisitor([&](const ParamBase&) { ++walked; }));
  CHECK(rows == walked);  // no row escapes the search above
}

TEST_CASE("every parameter of Pgpool 4.7 is known") {
  const Settings settings = with_one_of_each();
  std::istringstream names(read_test_file("pgpool_4.7_parameters.txt"));
  int count = 0;
  for (std::string name; std::getline(names, name); ++count) {
    INFO(name);
    const bool is_row = find_param(settings, name) || find_param(settings, name + "0");
    const OtherName* other = find_other_name(name);
    CHECK((is_row || (other && other->fate == NameFate::renamed)));
  }
  CHECK(count == 186);
}

TEST_CASE("names are unique, and no other name hides a parameter") {
  const Settings settings = with_one_of_each();
  std::set<std::string> names;
  for_each_param(settings, [&](const ParamBase& param) {
    INFO(param.name());
    CHECK(names.insert(param.name()).second);
    // Without its number a name of a family may have been a parameter of its own: wd_port.
    CHECK((param.number() >= 0 || find_other_name(param.family()) == nullptr));
  });
}

TEST_CASE("each other name leads to a parameter that exists") {
  const Settings settings = with_one_of_each();
  for (const char* name : {"logdir",
                           "socket_dir",
                           "delegate_IP",
                           "fail_over_on_backend_error",
                           "white_function_list",
                           "black_function_list",
                           "black_query_pattern_list",
                           "white_memqcache_table_list",
                           "black_memqcache_table_list",
                           "follow_master_command",
                           "wd_initial_node_showup_time",
                           "heartbeat_destination",
                           "heartbeat_destination_port",
                           "listen_addr",
                           "listen_port",
                           "unix_socket_dir",
                           "unix_socket_mode",
                           "pidfile",
                           "client_idle_timeout",
                           "client_login_timeout",
                           "client_tls_key_file",
                           "client_tls_cert_file",
                           "client_tls_ca_file",
                           "client_tls_ciphers",
                           "client_tls_ecdhcurve",
                           "client_tls_dheparams"}) {
    INFO(name);
    const OtherName* other = find_other_name(name);
    REQUIRE(other);
    const std::string now(other->now);
    CHECK((find_param(settings, now) || find_param(settings, now + "0")));
  }
}

TEST_CASE("every default is a value its parameter accepts and reads back") {
  Settings settings = with_one_of_each();
  for_each_param(settings, [](ParamBase& param) {
    INFO(param.name());
    std::string text = param.text(TextStyle::file);
    if (text.starts_with('\'')) text = text.substr(1, text.size() - 2);
    const auto remark = param.assign(text);
    REQUIRE(remark.has_value());
    CHECK(remark->empty());
    CHECK(param.has_default_value());
  });
}

TEST_CASE("every parameter has a line of help, and a note where it is not honoured") {
  for_each_param(with_one_of_each(), ConstParamVisitor([](const ParamBase& param) {
                   INFO(param.name());
                   CHECK((param.help().ends_with('.') || param.help().ends_with("...")));
                   CHECK(param.note().empty() == (param.support() == Support::honoured));
                 }));
}

TEST_CASE("a node's own health check parameters count, else the plain ones") {
  const Loaded loaded = load_after_nodes(
      "health_check_period = 7\nhealth_check_period1 = 3\nhealth_check_user0 = 'zero'\nconnect_timeout1 = 2s\n");
  const Settings& settings = loaded.settings;
  const NodeHealth zero = settings.health_of(*settings.find_node(NodeId{0}));
  const NodeHealth one = settings.health_of(*settings.find_node(NodeId{1}));
  CHECK(zero.period == 7s);
  CHECK(one.period == 3s);
  CHECK(zero.user == "zero");
  CHECK(one.user == "monitor");  // follows from sr_check_user
  CHECK(zero.connect_timeout == 10s);
  CHECK(one.connect_timeout == 2s);
}

TEST_CASE("a user's own pool settings count, else its database's, else those for all") {
  const Settings settings = load_after_nodes(
                                "default_pool_size = 9\nmax_db_connections = 90\nquery_timeout = 7\n"
                                "database_name0 = 'shop'\ndatabase_pool_mode0 = session\ndatabase_pool_size0 = 3\n"
                                "database_name5000 = '*'\ndatabase_pool_size5000 = 4\ndatabase_max_connections5000 = 40\n"
                                "user_name1 = 'ann'\nuser_pool_mode1 = statement\nuser_query_timeout1 = 0.5\n")
                                .settings;
  struct Row {
    const char* database;
    const char* user;
    PoolMode mode;
    int size;
    int connections;
    milliseconds query_timeout;
    const char* size_setting;
  };
  constexpr Row kRows[] = {
      {"shop", "bob", PoolMode::session, 3, 90, 7s, "database_pool_size0"},
      {"shop", "ann", PoolMode::statement, 3, 90, 500ms, "database_pool_size0"},
      {"other", "bob", PoolMode::transaction, 4, 40, 7s, "database_pool_size5000"},
      {"other", "ann", PoolMode::statement, 4, 40, 500ms, "database_pool_size5000"},
  };
  for (const Row& row : kRows) {
    INFO(row.database << " " << row.user);
    const PoolInForce own = settings.pool_in_force(row.database, row.user);
    CHECK(own.pool_mode() == row.mode);
    CHECK(own.pool_size() == row.size);
    CHECK(own.max_db_connections() == row.connections);
    CHECK(own.query_timeout() == row.query_timeout);
    CHECK(own.pool_size.name() == row.size_setting);
    CHECK(own.reserve_pool_size.name() == "reserve_pool_size");
  }
  CHECK(load_after_nodes("default_pool_size = 9\n").settings.pool_in_force("a", "b").pool_size.name() == "default_pool_size");
}

TEST_CASE("sslmode parameters count where set, else ssl") {
  CHECK(load_after_nodes("").settings.server_tls_mode() == TlsMode::disable);
  CHECK(load_after_nodes("ssl = on\n").settings.server_tls_mode() == TlsMode::prefer);
  CHECK(load_after_nodes("ssl = on\nserver_tls_sslmode = require\n").settings.server_tls_mode() == TlsMode::require);
  CHECK(load_after_nodes("ssl = on\nclient_tls_sslmode = disable\n").settings.client_tls_mode() == TlsMode::disable);
}

TEST_CASE("a relative file is beside pgpool.conf") {
  const Settings settings = load_after_nodes("").settings;
  CHECK(settings.beside("pool_passwd") == "/etc/pool_passwd");
  CHECK(settings.beside("/x/pool_passwd") == "/x/pool_passwd");
  CHECK(settings.beside("").empty());
}

}  // namespace howdah
