#include "pcp/console/console.hpp"

#include "tests/pcp/fake_surface.hpp"

#include <catch2/catch.hpp>

#include <deque>

using namespace howdah;
using namespace howdah::pcp;

namespace {

// Workers that take orders when told to, and connections that close when told to.
class FakeDataPath final : public ConsoleSurface {
 public:
  Instant now() const override { return time; }
  WallTime wall_clock() const override { return kStart + 60s; }
  void call_later(Duration, std::function<void()> call) override { later.push_back(std::move(call)); }
  void give_orders(StandingOrdersPtr orders, std::function<void()> then) override {
    given = *orders;
    is_slow ? unacknowledged.push_back(std::move(then)) : then();
  }
  std::size_t server_connections(const std::optional<std::string>&) override { return connections; }
  void evict(Eviction eviction, std::function<void(std::size_t)> then) override {
    evicted = eviction;
    then(1);
  }
  Result<void> set_parameter(std::string_view name, std::string_view value) override {
    changed = std::string(name) + "=" + std::string(value);
    if (name == "port") return Error{ErrorCode::command_failed, "only at a restart"};
    return {};
  }

  void run_later() {
    for (auto& call : std::exchange(later, {})) call();
  }

  Instant time = Instant{} + 1h;
  StandingOrders given;
  std::optional<Eviction> evicted;
  std::string changed;
  std::size_t connections = 0;
  bool is_slow = false;
  std::vector<std::function<void()>> later;
  std::deque<std::function<void()>> unacknowledged;
};

struct World {
  FakeSurface control;
  FakeDataPath workers;
  NullLog log;
  Console console{control, workers, log};
  std::map<std::uint64_t, std::optional<Result<ConsoleAnswer>>> answers;

  void ask(std::string text, bool is_admin = true, std::uint64_t asker = 1) {
    answers[asker].reset();
    console.run({SessionId{asker}, "ann", is_admin, std::move(text)},
                [this, asker](Result<ConsoleAnswer> answer) { answers[asker] = std::move(answer); });
  }
  bool is_answered(std::uint64_t asker = 1) { return answers[asker].has_value(); }
  // The tag, or the text of the error.
  std::string outcome(std::uint64_t asker = 1) {
    if (!is_answered(asker)) return "(waits)";
    const auto& answer = *answers[asker];
    return answer ? answer->tag : answer.error().message;
  }
  std::string told(std::string text, bool is_admin = true) {
    ask(std::move(text), is_admin);
    return outcome();
  }
  ConsoleAnswer table(std::string text) {
    ask(std::move(text));
    REQUIRE(is_answered());
    REQUIRE(answers[1]->has_value());
    return **answers[1];
  }
  void add_traffic() {
    WorkerStats& worker = control.gateway.workers[0];
    worker.clients = {{.id = {10}, .pid = 77, .user = "ann", .pool_user = "ann", .database = "shop", .connected_at = kStart,
                       .application_name = "till", .is_logged_in = true},
                      {.id = {11}, .pid = 78, .user = "ann", .pool_user = "ann", .database = "shop", .waiting = 2500ms, .is_logged_in = true},
                      {.id = {12}, .pid = 79, .user = "adm", .database = "pgbouncer", .is_logged_in = true, .is_console = true},
                      {.id = {13}}};
    worker.servers = {{.id = {20}, .node = {1}, .user = "ann", .database = "shop", .pid = 7491, .opened_at = kStart,
                       .held_by = SessionId{10}}};
    worker.pools = {{.database = "shop", .user = "ann", .node = {0}, .connecting = 1, .idle = 2},
                    {.database = "shop", .user = "ann", .node = {1}, .leased = 1, .resetting = 1}};
    worker.traffic = {{"shop", {.transactions = 3, .queries = 5, .received = 100, .sent = 200, .query_time = 70us}}};
    control.gateway.workers[1].traffic = {{"shop", {.transactions = 1, .queries = 1}}};
  }
};

std::string cell(const ConsoleAnswer& answer, std::size_t row, std::string_view column) {
  for (std::size_t i = 0; i < answer.columns.size(); ++i)
    if (answer.columns[i] == column) return answer.rows.at(row).at(i).value_or("NULL");
  return "no such column";
}

}  // namespace

TEST_CASE("a command is a word, an argument and at most one semicolon") {
  World world;
  CHECK(world.told("ReLoAd ; ") == "RELOAD");
  CHECK(world.told("RELOAD;;") == "invalid command 'RELOAD;;', use SHOW HELP;");
  CHECK(world.told("RELOAD x") == "invalid command 'RELOAD x', use SHOW HELP;");
  CHECK(world.told("SHOW POOLS 1") == "invalid command 'SHOW POOLS 1', use SHOW HELP;");
  CHECK(world.told("SHOW POOLS; SHOW POOLS") == "invalid command 'SHOW POOLS; SHOW POOLS', use SHOW HELP;");
  CHECK(world.told("frobnicate") == "invalid command 'frobnicate', use SHOW HELP;");
  CHECK(world.told("SHOW") == "invalid command 'SHOW', use SHOW HELP;");
  CHECK(world.told("select version") == "SHOW");
  CHECK(world.told("/* a comment */ show \"pools\"") == "SHOW");
  CHECK(world.told("PAUSE " + std::string(64, 'x')) == "bad arguments");
  CHECK(world.told("DISABLE \"my-db\"") == "DISABLE");
  CHECK(world.workers.given.of("my-db").is_disabled);
}

TEST_CASE("what drivers say on their own account is answered") {
  World world;
  CHECK(world.told("BEGIN ISOLATION LEVEL READ COMMITTED") == "BEGIN");
  CHECK(world.told("COMMIT") == "COMMIT");
  CHECK(world.told("SELECT 1") == "SELECT 1");
  CHECK(world.told("SET extra_float_digits = 3", false) == "SET");
  CHECK(cell(world.table("SHOW DateStyle"), 0, "datestyle") == "ISO");
  CHECK(cell(world.table("SHOW TRANSACTION ISOLATION LEVEL"), 0, "transaction_isolation") == "read committed");
}

TEST_CASE("only administrators change something") {
  World world;
  for (const char* text : {"PAUSE", "RESUME", "DISABLE a", "ENABLE a", "RECONNECT", "KILL a", "KILL_CLIENT 1", "SUSPEND",
                           "WAIT_CLOSE", "RELOAD", "SHUTDOWN", "SET pool_mode = session"})
    CHECK(world.told(text, false) == "admin access needed");
  CHECK(world.told("SHOW POOLS", false) == "SHOW");
  CHECK(world.control.orders.empty());
}

TEST_CASE("PAUSE answers when every worker knows it and no connection is left") {
  World world;
  world.workers.is_slow = true;
  world.ask("PAUSE shop");
  CHECK(world.workers.given.of("shop").is_paused);
  CHECK_FALSE(world.workers.given.of("other").is_paused);
  CHECK_FALSE(world.is_answered());  // although there is no connection: a worker may be opening one
  world.workers.connections = 1;
  world.workers.unacknowledged.front()();
  CHECK_FALSE(world.is_answered());
  world.workers.run_later();
  CHECK_FALSE(world.is_answered());
  world.workers.connections = 0;
  world.workers.run_later();
  CHECK(world.outcome() == "PAUSE");
  CHECK(world.told("SHOW DATABASES") == "SHOW");
  CHECK(world.told("RESUME other") == "database other is not paused");
  world.workers.is_slow = false;
  CHECK(world.told("RESUME shop") == "RESUME");
  CHECK_FALSE(world.workers.given.of("shop").is_paused);
}

TEST_CASE("a PAUSE that somebody else resumes ends with an error") {
  World world;
  world.workers.connections = 1;
  world.ask("PAUSE", true, 1);
  world.ask("RESUME", true, 2);
  CHECK(world.outcome(2) == "RESUME");
  CHECK(world.outcome(1) == "PAUSE was ended by RESUME before it was complete");
  world.workers.run_later();  // what was still to be looked at does no harm
  CHECK_FALSE(world.workers.given.is_paused);
}

TEST_CASE("cancelling a PAUSE that waits takes it back") {
  World world;
  world.workers.connections = 1;
  world.ask("PAUSE");
  world.console.withdraw(SessionId{1});
  CHECK(world.outcome() == "canceling statement due to user request");
  CHECK_FALSE(world.workers.given.is_paused);
}

TEST_CASE("SUSPEND answers when clients have taken all that was sent, and ends who does not in time") {
  World world;
  world.add_traffic();
  ClientStats& slow = world.control.gateway.workers[0].clients[1];
  slow.has_unsent = true;
  world.control.gateway.workers[0].clients[2].has_unsent = true;  // the console's own
  world.ask("SUSPEND");
  CHECK(world.workers.given.is_suspended);
  world.workers.time += 9s;
  world.workers.run_later();
  CHECK_FALSE(world.is_answered());
  CHECK_FALSE(world.workers.evicted);
  SECTION("it takes it") {}
  SECTION("it does not") {
    world.workers.time += 1s;
    world.workers.run_later();
    REQUIRE(world.workers.evicted);
    CHECK(world.workers.evicted->client == slow.id);
    CHECK(world.workers.evicted->message == "suspend_timeout");
    CHECK_FALSE(world.is_answered());
  }
  slow.has_unsent = false;
  world.workers.run_later();
  CHECK(world.outcome() == "SUSPEND");
}

TEST_CASE("a SUSPEND that waits ends with RESUME, or when it is cancelled") {
  World world;
  world.add_traffic();
  world.control.gateway.workers[0].clients[0].has_unsent = true;
  world.ask("SUSPEND", true, 1);
  SECTION("somebody else resumes") {
    world.ask("RESUME", true, 2);
    CHECK(world.outcome(1) == "SUSPEND was ended by RESUME before it was complete");
  }
  SECTION("it is cancelled") {
    world.console.withdraw(SessionId{1});
    CHECK(world.outcome(1) == "canceling statement due to user request");
  }
  CHECK_FALSE(world.workers.given.is_suspended);
  world.workers.run_later();
  CHECK_FALSE(world.workers.evicted);
}

TEST_CASE("orders are refused in PgBouncer's words") {
  World world;
  CHECK(world.told("RESUME") == "pooler is not paused/suspended");
  CHECK(world.told("PAUSE pgbouncer") == "cannot pause admin db: pgbouncer");
  CHECK(world.told("KILL pgbouncer") == "cannot kill admin db: pgbouncer");
  CHECK(world.told("RECONNECT pgbouncer") == "cannot reconnect admin db: pgbouncer");
  CHECK(world.told("WAIT_CLOSE pgbouncer") == "cannot wait in admin db: pgbouncer");
  CHECK(world.told("DISABLE") == "a database is required");
  CHECK(world.told("PAUSE") == "PAUSE");
  for (const char* text : {"PAUSE", "PAUSE shop", "KILL shop", "SUSPEND"}) CHECK(world.told(text) == "already suspended/paused");
  CHECK(world.told("RESUME") == "RESUME");
  CHECK(world.told("PAUSE shop") == "PAUSE");
  CHECK(world.told("PAUSE shop") == "PAUSE");
  CHECK(world.told("SUSPEND") == "cannot suspend with paused databases");
}

TEST_CASE("KILL sends the clients away and leaves the database paused") {
  World world;
  CHECK(world.told("KILL shop") == "KILL");
  REQUIRE(world.workers.evicted);
  CHECK(world.workers.evicted->database == "shop");
  CHECK(world.workers.evicted->message == "database removed");
  CHECK(world.workers.given.of("shop").is_paused);
  CHECK(world.told("KILL") == "KILL");
  CHECK(world.told("RESUME") == "RESUME");
}

TEST_CASE("KILL_CLIENT takes the id of SHOW CLIENTS") {
  World world;
  world.add_traffic();
  CHECK(world.told("KILL_CLIENT x") == "invalid client pointer supplied");
  CHECK(world.told("KILL_CLIENT 5") == "client not found");
  const std::string id = cell(world.table("SHOW CLIENTS"), 0, "id");
  CHECK(world.told("KILL_CLIENT " + id) == "KILL_CLIENT");
  CHECK(world.workers.evicted->client == SessionId{10});
}

TEST_CASE("WAIT_CLOSE waits for the connections that RECONNECT has retired") {
  World world;
  world.add_traffic();
  CHECK(world.told("RECONNECT shop") == "RECONNECT");
  CHECK(world.workers.given.of("shop").retire_before == world.workers.now());
  world.control.gateway.workers[0].servers[0].is_retired = true;
  world.ask("WAIT_CLOSE shop");
  CHECK_FALSE(world.is_answered());
  CHECK(world.told("WAIT_CLOSE other") == "WAIT_CLOSE");
  world.ask("WAIT_CLOSE");
  world.control.gateway.workers[0].servers[0].is_retired = false;
  world.workers.run_later();
  CHECK(world.outcome() == "WAIT_CLOSE");
}

TEST_CASE("SET changes what a reload could change") {
  World world;
  CHECK(world.told("SET client_idle_timeout = 5") == "SET client_idle_timeout=5");
  CHECK(world.workers.changed == "client_idle_limit=5");
  CHECK(world.told("SET listen_port TO '5'") == "SET failed");
  CHECK(world.told("SET log_stats=0") == "SET log_stats=0");
  CHECK(world.answers[1]->value().notice == "\"log_stats\" has no effect here");
}

TEST_CASE("RELOAD and SHUTDOWN are the gateway's own") {
  World world;
  CHECK(world.told("SHUTDOWN now") == "invalid command 'SHUTDOWN now', use SHOW HELP;");
  for (const char* text : {"RELOAD", "SHUTDOWN", "SHUTDOWN WAIT_FOR_SERVERS", "SHUTDOWN WAIT_FOR_CLIENTS"}) world.told(text);
  CHECK(world.control.orders == std::vector<std::string>{"reload", "stop 2", "stop 1", "stop 0"});
  world.control.refusal = Error{ErrorCode::configuration, "a mistake"};
  CHECK(world.told("RELOAD") == "RELOAD failed, see logs for additional details");
}

TEST_CASE("SHOW POOLS sums the nodes and workers of a pool") {
  World world;
  world.add_traffic();
  const ConsoleAnswer pools = world.table("SHOW POOLS");
  REQUIRE(pools.rows.size() == 2);
  CHECK(cell(pools, 0, "database") == "pgbouncer");
  CHECK(cell(pools, 0, "cl_active") == "1");
  CHECK(cell(pools, 1, "database") == "shop");
  CHECK(cell(pools, 1, "cl_active") == "1");
  CHECK(cell(pools, 1, "cl_waiting") == "1");
  CHECK(cell(pools, 1, "sv_active") == "1");
  CHECK(cell(pools, 1, "sv_idle") == "2");
  CHECK(cell(pools, 1, "sv_tested") == "1");
  CHECK(cell(pools, 1, "sv_login") == "1");
  CHECK(cell(pools, 1, "maxwait") == "2");
  CHECK(cell(pools, 1, "maxwait_us") == "500000");
  const ConsoleAnswer databases = world.table("SHOW DATABASES");
  CHECK(cell(databases, 1, "current_connections") == "5");
  CHECK(cell(databases, 1, "port") == "15500");
  CHECK(cell(databases, 0, "force_user") == "pgbouncer");
  const ConsoleAnswer lists = world.table("SHOW LISTS");
  CHECK(lists.rows.size() == 14);
  CHECK(lists.rows[7] == std::vector<Cell>{"login_clients", "1"});
}

TEST_CASE("clients and servers show each other") {
  World world;
  world.add_traffic();
  const ConsoleAnswer clients = world.table("SHOW CLIENTS");
  const ConsoleAnswer servers = world.table("SHOW SERVERS");
  REQUIRE(clients.rows.size() == 3);
  REQUIRE(servers.rows.size() == 1);
  CHECK(cell(clients, 0, "link") == cell(servers, 0, "ptr"));
  CHECK(cell(servers, 0, "link") == cell(clients, 0, "ptr"));
  CHECK(cell(clients, 0, "connect_time") == "2026-11-21 04:08:45 UTC");
  CHECK(cell(clients, 1, "state") == "waiting");
  CHECK(cell(servers, 0, "state") == "active");
  CHECK(cell(servers, 0, "remote_pid") == "7491");
  CHECK(cell(servers, 0, "application_name") == "till");
}

TEST_CASE("totals are sums over the workers, averages those of the last period") {
  World world;
  world.add_traffic();
  world.console.look();
  const ConsoleAnswer stats = world.table("SHOW STATS");
  CHECK(cell(stats, 1, "database") == "shop");
  CHECK(cell(stats, 1, "total_query_count") == "6");
  CHECK(cell(stats, 1, "total_query_time") == "70");
  CHECK(cell(stats, 1, "avg_query_count") == "0");
  TrafficAverage average;
  average.look({{"shop", {.transactions = 10, .received = 100, .transaction_time = 1s}}}, Instant{} + 1s);
  CHECK(average.averages().empty());
  average.look({{"shop", {.transactions = 30, .received = 700, .transaction_time = 5s}}}, Instant{} + 11s);
  const TrafficCounters shop = average.averages().at("shop");
  CHECK(shop.transactions == 2);
  CHECK(shop.received == 60);
  CHECK(shop.transaction_time == 200ms);
}

TEST_CASE("the settings are shown as PgBouncer writes them") {
  World world;
  world.control.set("query_wait_timeout", "1500ms");
  world.control.set("log_connections", "on");
  const auto value = [&](std::string_view key) {
    for (const auto& row : world.table("SHOW CONFIG").rows)
      if (row[0] == key) return row[1].value_or("NULL");
    return std::string("no such key");
  };
  CHECK(value("query_wait_timeout") == "1.5");
  CHECK(value("log_connections") == "1");
  CHECK(value("max_client_conn") == "100");
  CHECK(value("auth_user") == "NULL");
  CHECK(value("pool_mode") == "transaction");
  CHECK(world.table("SHOW CONFIG").rows.size() == 98);
}

TEST_CASE("the compatibility chooses the shape") {
  World world;
  world.control.set("pgbouncer_compatibility", "1.18");
  CHECK(world.table("SHOW CONFIG").rows.size() == 84);
  CHECK(world.table("SHOW LISTS").rows.size() == 12);
  CHECK(world.table("SHOW TOTALS").rows.size() == 14);
  CHECK(world.table("SHOW POOLS").columns.size() == 16);
  CHECK(world.table("SHOW STATS").columns.size() == 15);
  CHECK(world.told("SHOW STATE") == "invalid command 'SHOW STATE', use SHOW HELP;");
  CHECK(cell(world.table("SHOW DATABASES"), 0, "reserve_pool") == "0");
}

TEST_CASE("the columns of 1.25 are those exporters count on") {
  World world;
  const auto columns = [&](std::string text) {
    std::string all;
    for (const std::string& name : world.table(std::move(text)).columns) all += name + " ";
    return all;
  };
  CHECK(columns("SHOW POOLS") ==
        "database user cl_active cl_waiting cl_active_cancel_req cl_waiting_cancel_req sv_active sv_active_cancel "
        "sv_being_canceled sv_idle sv_used sv_tested sv_login maxwait maxwait_us pool_mode load_balance_hosts ");
  CHECK(columns("SHOW STATS") ==
        "database total_server_assignment_count total_xact_count total_query_count total_received total_sent "
        "total_xact_time total_query_time total_wait_time total_client_parse_count total_server_parse_count "
        "total_bind_count avg_server_assignment_count avg_xact_count avg_query_count avg_recv avg_sent avg_xact_time "
        "avg_query_time avg_wait_time avg_client_parse_count avg_server_parse_count avg_bind_count ");
  CHECK(columns("SHOW STATS_AVERAGES") ==
        "database server_assignment_count xact_count query_count bytes_received bytes_sent xact_time query_time wait_time "
        "avg_client_parse_count avg_server_parse_count avg_bind_count ");
  CHECK(columns("SHOW DATABASES") ==
        "name host port database force_user pool_size min_pool_size reserve_pool_size server_lifetime pool_mode "
        "load_balance_hosts max_connections current_connections max_client_connections current_client_connections paused "
        "disabled ");
  CHECK(columns("SHOW CLIENTS") ==
        "type user database replication state addr port local_addr local_port connect_time request_time wait wait_us "
        "close_needed ptr link remote_pid tls application_name prepared_statements id ");
  CHECK(columns("SHOW USERS") ==
        "name pool_size reserve_pool_size pool_mode max_user_connections current_connections max_user_client_connections "
        "current_client_connections query_wait_timeout query_timeout idle_transaction_timeout transaction_timeout "
        "client_idle_timeout ");
  CHECK(world.table("SHOW TOTALS").rows.size() == 22);
}
