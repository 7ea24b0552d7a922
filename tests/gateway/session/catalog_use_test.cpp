// What is known of functions and relations decides where statements go, until somebody changes it.
#include "gateway/session/session.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <string>

#include "sql_router/catalog/catalog_builder.hpp"
#include "tests/support/gateway/session_world.hpp"
#include "tests/support/gateway/wire_transcript.hpp"

using namespace howdah;
using namespace howdah::test;

namespace {

// Two clients of one database with table t1 and the function f.
struct TwoCatalogClients {
  explicit TwoCatalogClients(const std::string& body = "SELECT 1") {
    catalog.changes = std::make_shared<CatalogChanges>([this] { ++questions; });
    world.use_catalog(catalog);
    read(body);
    one = world.add_client({}, "one");
    two = world.add_client({}, "two");
    world.run();
  }

  // The catalog is read, and this is what f does.
  void read(const std::string& body) {
    CatalogRows rows;
    rows.functions.push_back({{"public", "f"}, 'v', "sql", body});
    rows.relations.push_back({{"public", "t1"}, 20000});
    catalog.changes->take_question();
    catalog.facts = build_catalog_facts(rows, {}, make_stamp(1, ++snapshots), catalog.changes->count());
  }

  void ask(std::size_t id, const std::string& message) {
    std::string bytes = encode(message);
    world.send(id, bytes);
    world.run();
  }

  // Which node ran the text last, if any.
  std::string ran(const std::string& text) {
    for (const NodeId node : {World::kPrimary, World::kReplica}) {
      auto log = world.node_log(node);
      const auto count = std::count(log.begin(), log.end(), text);
      if (count > seen[{node.value, text}]) {
        seen[{node.value, text}] = count;
        return node == World::kPrimary ? "primary" : "replica";
      }
    }
    return "nowhere";
  }

  std::string ask_where(std::size_t id, const std::string& sql) {
    ask(id, "Q " + sql);
    return ran(sql);
  }

  bool is_pinned(std::size_t id) { return world.client(id).session->pin_reason().has_value(); }

  DatabaseCatalog catalog;  // outlives the sessions
  int questions = 0;
  World world{{}};
  std::uint32_t snapshots = 0;
  std::map<std::pair<std::int32_t, std::string>, std::ptrdiff_t> seen;
  std::size_t one = 0;
  std::size_t two = 0;
};

constexpr const char* kCall = "SELECT f() FROM t1";
constexpr const char* kDefine = "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 2'";

}  // namespace

TEST_CASE("a function that is known to read goes to a replica, another one to the primary") {
  TwoCatalogClients reading;
  CHECK(reading.ask_where(reading.one, kCall) == "replica");
  CHECK_FALSE(reading.is_pinned(reading.one));
  TwoCatalogClients writing("INSERT INTO t1 VALUES (1)");
  CHECK(writing.ask_where(writing.one, kCall) == "primary");
  CHECK_FALSE(writing.is_pinned(writing.one));
  TwoCatalogClients locking("SELECT pg_advisory_lock(1)");
  CHECK(locking.ask_where(locking.one, kCall) == "primary");
  CHECK(locking.world.client(locking.one).session->pin_reason() == PinReason::advisory_lock);
}

TEST_CASE("after a change by one client nothing is known to the others, until the catalog has been read again") {
  TwoCatalogClients clients;
  REQUIRE(clients.ask_where(clients.two, "SELECT a FROM t1") == "replica");
  clients.ask(clients.one, std::string("Q ") + kDefine);
  CHECK(clients.questions > 0);
  CHECK(clients.ask_where(clients.two, "SELECT a FROM t1") == "primary");
  clients.read("SELECT 1");
  clients.world.pass(1s);
  CHECK(clients.ask_where(clients.two, "SELECT a FROM t1") == "replica");
}

TEST_CASE("a change in a transaction is its own until it commits") {
  TwoCatalogClients clients;
  clients.ask(clients.one, "Q BEGIN");
  clients.ask(clients.one, std::string("Q ") + kDefine);
  CHECK(clients.ask_where(clients.two, kCall) == "replica");
  clients.ask(clients.one, "Q COMMIT");
  CHECK(clients.ask_where(clients.two, kCall) == "primary");
}

TEST_CASE("others are told of a change before its client is") {
  TwoCatalogClients clients;
  clients.world.send(clients.one, encode(std::string("Q ") + kDefine));
  std::size_t told = 0;
  while (clients.world.step()) {
    const std::string& received = clients.world.client(clients.one).received;
    const auto messages = split(received);
    const auto is_complete = std::any_of(messages.begin(), messages.end(), [](const auto& m) { return m.tag == 'C'; });
    if (!is_complete) continue;
    CHECK(clients.catalog.in_force().status() == CatalogFacts::Status::stale);
    ++told;
  }
  CHECK(told > 0);
}

TEST_CASE("new names are asked about, and do not make what is known void") {
  TwoCatalogClients clients;
  const auto before = clients.catalog.changes->count();
  clients.ask(clients.one, "Q CREATE TABLE fresh (a int)");
  CHECK(clients.catalog.changes->count() == before);
  CHECK(clients.questions == 1);
  clients.ask(clients.one, "Q CREATE TEMP TABLE own (a int)");
  CHECK(clients.questions == 1);
  CHECK(clients.ask_where(clients.two, kCall) == "replica");
  CHECK(clients.ask_where(clients.two, "SELECT a FROM t7") == "primary");
}

TEST_CASE("a statement prepared before a change is judged anew") {
  TwoCatalogClients clients;
  clients.ask(clients.two, std::string("P s|") + kCall);
  clients.ask(clients.two, "B |s");
  clients.ask(clients.two, "E |0");
  clients.ask(clients.two, "S");
  CHECK(clients.ran(kCall) == "replica");
  clients.ask(clients.one, std::string("Q ") + kDefine);
  clients.read("INSERT INTO t1 VALUES (1)");
  for (const char* message : {"B |s", "E |0", "S"}) clients.ask(clients.two, message);
  CHECK(clients.ran(kCall) == "primary");
}

TEST_CASE("a session is pinned for a function nobody could look up only until somebody has") {
  TwoCatalogClients clients;
  clients.ask(clients.one, std::string("Q ") + kDefine);
  clients.ask(clients.two, std::string("Q ") + kCall);
  CHECK(clients.is_pinned(clients.two));
  SECTION("it leaves nothing") {
    clients.read("SELECT 1");
    clients.ask(clients.two, "Q SELECT 1");
    CHECK_FALSE(clients.is_pinned(clients.two));
  }
  SECTION("it leaves something") {
    clients.read("SELECT pg_advisory_lock(1)");
    clients.ask(clients.two, "Q SELECT 1");
    CHECK(clients.world.client(clients.two).session->pin_reason() == PinReason::advisory_lock);
  }
  SECTION("while its client rests") {
    clients.read("SELECT 1");
    clients.world.event(clients.two, session::ViewChanged{});
    CHECK_FALSE(clients.is_pinned(clients.two));
    CHECK(clients.world.client(clients.two).session->backend() == nullptr);
  }
  SECTION("it has changed in between") {
    clients.ask(clients.one, std::string("Q ") + kDefine);
    clients.read("SELECT 1");
    clients.ask(clients.two, "Q SELECT 1");
    CHECK(clients.is_pinned(clients.two));
  }
}

TEST_CASE("a session is pinned for a function that is new, or called before the catalog was read, only until it is known") {
  TwoCatalogClients clients;
  std::string call = kCall;
  SECTION("not read yet") { clients.catalog.facts = nullptr; }
  SECTION("cannot be read") {
    clients.catalog.facts = std::make_shared<const CatalogFacts>(CatalogFacts::unreadable("permission denied"));
  }
  SECTION("made a moment ago, elsewhere") { call = "SELECT g()"; }
  clients.ask(clients.two, "Q " + call);
  CHECK(clients.is_pinned(clients.two));
  clients.ask(clients.two, "Q SELECT 1");
  CHECK(clients.is_pinned(clients.two));
  CatalogRows rows;
  for (const char* name : {"f", "g"}) rows.functions.push_back({{"public", name}, 'v', "sql", "SELECT 1"});
  rows.relations.push_back({{"public", "t1"}, 20000});
  clients.catalog.facts = build_catalog_facts(rows, {}, make_stamp(1, ++clients.snapshots), clients.catalog.changes->count());
  clients.world.event(clients.two, session::ViewChanged{});
  CHECK_FALSE(clients.is_pinned(clients.two));
  CHECK(clients.world.client(clients.two).session->backend() == nullptr);
}

TEST_CASE("what changes logins is told when it is committed, in every form a statement can have") {
  TwoCatalogClients clients;
  const auto& told = clients.world.login_changes;
  const std::vector<LoginChange> of_ann{{"ann", ""}};
  SECTION("a query") {
    clients.ask(clients.one, "Q ALTER ROLE ann SET work_mem = 1");
    CHECK(told == of_ann);
  }
  SECTION("among others in a string") {
    clients.ask(clients.one, "Q SELECT 'me' FROM t1; DROP ROLE ann");
    CHECK(told == of_ann);
  }
  SECTION("a batch") {
    for (const char* message : {"P |ALTER ROLE ann LOGIN", "B |", "E |0", "S"}) clients.ask(clients.one, message);
    CHECK(told == of_ann);
  }
  SECTION("a transaction") {
    clients.ask(clients.one, "Q BEGIN");
    clients.ask(clients.one, "Q ALTER DATABASE db SET work_mem = 1");
    CHECK(told.empty());
    clients.ask(clients.one, "Q COMMIT");
    CHECK(told == std::vector<LoginChange>{{"", "db"}});
  }
  SECTION("nothing of the kind") {
    clients.ask(clients.one, "Q ALTER TABLE t1 ADD role int; SELECT 'me' FROM t1");
    CHECK(told.empty());
  }
}
