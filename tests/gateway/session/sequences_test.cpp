// What one client's writes leave for lastval() is never told to another.
#include "gateway/session/session.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <vector>

#include "tests/support/gateway/session_world.hpp"
#include "tests/support/gateway/wire_transcript.hpp"

using namespace howdah;
using namespace howdah::test;

namespace {

// Two clients, on one server connection mostly.
struct TwoClients {
  explicit TwoClients(std::size_t connections = 1)
      : world({.connections_per_node = connections, .has_replica = false}) {
    world.run();
  }

  // The last answer to what is sent: the row's text, "ERROR sqlstate", or the command.
  std::string ask(std::size_t id, const std::vector<const char*>& messages) {
    const std::size_t seen = split(world.client(id).received).size();
    std::string bytes;
    for (const char* message : messages) bytes += encode(message);
    world.send(id, bytes);
    world.run();
    std::string answer;
    const auto got = split(world.client(id).received);
    for (std::size_t i = seen; i < got.size(); ++i) {
      if (got[i].tag == 'D') answer = got[i].body.substr(6);
      if (got[i].tag == 'E') answer = "ERROR " + sqlstate_of(got[i]);
      if (got[i].tag == 'C' && answer.empty()) answer = "done";
    }
    return answer;
  }

  std::size_t discards() {
    const auto log = world.node_log(World::kPrimary);
    return static_cast<std::size_t>(std::count(log.begin(), log.end(), "DISCARD SEQUENCES"));
  }

  World world;
  std::size_t one = world.add_client({}, "one");
  std::size_t two = world.add_client({}, "two");
};

constexpr const char* kInsertOne = "Q INSERT INTO serial VALUES ('one')";
constexpr const char* kInsertTwo = "Q INSERT INTO serial VALUES ('two')";
constexpr const char* kInsertedTwo = "INSERT INTO serial VALUES ('two')";
constexpr const char* kLastval = "Q SELECT lastval()";

}  // namespace

TEST_CASE("lastval of a client that has inserted nothing is not yet defined, whoever used its connection before") {
  const std::vector<std::vector<const char*>> ways = {
      {kLastval},
      {"Q BEGIN", kLastval},
      {"P |SELECT lastval()", "B |", "E |0", "S"},
      {"P s|SELECT lastval()", "H", "B |s", "E |0", "S"},
      {"P |SELECT 'me' FROM t1", "B |", "E |0", "H", "P |SELECT lastval()", "B |", "E |0", "S"},
      {"Q SET work_mem = 1", kLastval},
      {"Q BEGIN", "Q SELECT 'me' FROM t1", kLastval},
      {"Q SELECT 'me' FROM t1", kLastval},
      {"Q SELECT 'me' FROM t1; SELECT lastval()"},
      {"Q SELECT somebodys_function(), lastval()"},
      {"Q BEGIN", "Q SELECT 'me' FROM t1", "P |SELECT lastval()", "B |", "E |0", "S"},
  };
  for (const auto& way : ways) {
    INFO(way.back() << " in " << way.size());
    TwoClients clients;
    REQUIRE(clients.ask(clients.one, {kInsertOne}) == "done");
    CHECK(clients.ask(clients.two, way) == "ERROR 55000");
    CHECK(clients.world.problems().empty());
  }
}

TEST_CASE("a client's own values are there in its transaction, and afterwards from the second time on") {
  TwoClients clients;
  REQUIRE(clients.ask(clients.one, {kInsertOne}) == "done");
  CHECK(clients.ask(clients.two, {"Q BEGIN", kInsertTwo, kLastval}) == kInsertedTwo);
  const std::size_t later = clients.world.add_client({}, "two");
  clients.world.close_client(clients.two);
  clients.world.run();
  REQUIRE(clients.ask(clients.one, {kInsertOne}) == "done");
  CHECK(clients.ask(later, {"Q BEGIN", kInsertTwo, kLastval}) == kInsertedTwo);
  CHECK(clients.ask(later, {"Q COMMIT"}) == "done");
  CHECK(clients.ask(later, {kLastval}) == kInsertedTwo);
}

TEST_CASE("outside transactions, too, who has used lastval keeps the connection it has written on") {
  TwoClients clients;
  REQUIRE(clients.ask(clients.one, {kInsertOne}) == "done");
  REQUIRE(clients.ask(clients.two, {kLastval}) == "ERROR 55000");
  clients.world.close_client(clients.two);
  clients.world.run();
  const std::size_t later = clients.world.add_client({}, "two");
  REQUIRE(clients.ask(clients.one, {kInsertOne}) == "done");
  CHECK(clients.ask(later, {kInsertTwo}) == "done");
  CHECK(clients.world.client(later).session->pin_reason() == PinReason::sequence_state);
  CHECK(clients.ask(later, {kLastval}) == kInsertedTwo);
  CHECK(clients.ask(later, {"Q DISCARD ALL"}) == "done");
  CHECK_FALSE(clients.world.client(later).session->pin_reason());
}

TEST_CASE("what nobody else has written on its connection since is still there for a client") {
  TwoClients clients;
  REQUIRE(clients.ask(clients.one, {kInsertOne}) == "done");
  CHECK(clients.ask(clients.two, {"Q SELECT 'me' FROM t1"}) != "");
  CHECK(clients.ask(clients.one, {kLastval}) == "INSERT INTO serial VALUES ('one')");
}

TEST_CASE("what a third has written in between makes a client's own values doubtful") {
  TwoClients clients;
  REQUIRE(clients.ask(clients.one, {kInsertOne}) == "done");
  CHECK(clients.ask(clients.two, {"Q UPDATE t1 SET a = 1"}) == "done");  // a trigger may have drawn a number
  CHECK(clients.ask(clients.one, {kLastval}) == "ERROR 55000");
}

TEST_CASE("what a client has left on one connection is told no more when it has written on another, or discarded it there") {
  for (const char* later : {kInsertTwo, "Q UPDATE t1 SET a = 1", "Q DISCARD SEQUENCES", "Q DISCARD ALL"}) {
    INFO(later);
    TwoClients clients(2);
    REQUIRE(clients.ask(clients.one, {kInsertOne}) == "done");
    clients.ask(clients.two, {"Q BEGIN", "Q SELECT 'me' FROM t1"});  // on that connection
    REQUIRE(clients.ask(clients.one, {later}) == "done");
    const std::size_t third = clients.world.add_client({}, "three");
    clients.ask(clients.two, {"Q COMMIT"});
    clients.ask(third, {"Q BEGIN", "Q SELECT 'me' FROM t1"});
    const std::string first = clients.ask(clients.one, {kLastval});
    clients.ask(third, {"Q COMMIT"});
    // One of them is the older one.
    CHECK((first == "ERROR 55000" || first == kInsertedTwo));
    CHECK(clients.world.problems().empty());
  }
}

TEST_CASE("a connection nobody has written on is not cleaned, nor for who only reads") {
  TwoClients clients;
  CHECK(clients.ask(clients.one, {"Q SELECT 'me' FROM t1"}) != "");
  CHECK(clients.ask(clients.two, {kInsertTwo}) == "done");
  CHECK(clients.ask(clients.one, {"Q BEGIN", "Q SELECT 'me' FROM t1", "Q COMMIT"}) != "");
  CHECK(clients.discards() == 0);
  CHECK_FALSE(clients.world.client(clients.one).session->pin_reason());
}

TEST_CASE("who adds rows to a table that the catalog does not tell of yet has others' numbers cleaned away") {
  const CatalogFacts no_sequences(make_stamp(1, 1), 0);
  const auto discards = [](const DatabaseCatalog* catalog) {
    TwoClients clients;
    if (catalog != nullptr) clients.world.use_catalog(*catalog);
    const std::size_t first = clients.world.add_client({}, "one");
    const std::size_t second = clients.world.add_client({}, "two");
    clients.world.run();
    CHECK(clients.ask(first, {kInsertOne}) == "done");
    CHECK(clients.ask(second, {kInsertTwo}) == "done");
    return clients.discards();
  };
  const DatabaseCatalog known{std::make_shared<CatalogFacts>(no_sequences), std::make_shared<CatalogChanges>([] {})};
  CHECK(discards(&known) == 1);    // the table is newer than what is known
  CHECK(discards(nullptr) == 1);  // nothing is known
}

TEST_CASE("who draws numbers all the time and never reads them back is tied to no connection in the end") {
  TwoClients clients;
  const auto pin = [&] { return clients.world.client(clients.one).session->pin_reason(); };
  for (int i = 1; i < 100; ++i) {
    clients.ask(clients.one, {"Q SELECT nextval('s')"});
    REQUIRE(pin() == PinReason::sequence_state);
  }
  clients.ask(clients.one, {"Q SELECT nextval('s')"});
  CHECK_FALSE(pin());
  clients.ask(clients.two, {kInsertTwo});
  CHECK(clients.ask(clients.one, {kLastval}) == "ERROR 55000");
  // From then on it is known to read them.
  clients.ask(clients.one, {"Q SELECT nextval('s')"});
  CHECK(pin() == PinReason::sequence_state);
}

TEST_CASE("the first time a client asks, too, it is told what it has inserted, if there are connections enough") {
  TwoClients clients(2);
  clients.world.show_waiting();
  CHECK(clients.ask(clients.one, {kInsertOne}) == "done");
  CHECK_FALSE(clients.world.client(clients.one).session->pin_reason());
  CHECK(clients.ask(clients.two, {kInsertTwo}) == "done");
  clients.world.pass(1min);
  CHECK(clients.ask(clients.one, {kLastval}) == "INSERT INTO serial VALUES ('one')");
  CHECK(clients.discards() == 0);
}

TEST_CASE("a connection kept for who has not asked yet goes to whoever waits for it") {
  TwoClients clients;
  clients.world.show_waiting();
  CHECK(clients.ask(clients.one, {kInsertOne}) == "done");
  CHECK(clients.ask(clients.two, {"Q UPDATE t1 SET a = 1"}) == "");
  clients.world.pass(20ms);
  clients.world.run();
  CHECK(split(clients.world.client(clients.two).received).back().tag == 'Z');
  CHECK(clients.ask(clients.one, {kLastval}) == "ERROR 55000");
  CHECK(clients.world.problems().empty());
}

TEST_CASE("nobody keeps a connection for what has not been asked for after many times") {
  TwoClients clients;
  clients.world.show_waiting();
  for (int i = 1; i <= 100; ++i) {
    REQUIRE(clients.ask(clients.one, {kInsertOne}) == "done");
    CHECK(clients.world.leased_count() == (i < 100 ? 1 : 0));
  }
}

TEST_CASE("who is known to ask keeps its connection for longer, but not for ever") {
  TwoClients clients;
  clients.world.show_waiting();
  REQUIRE(clients.ask(clients.one, {kLastval}) == "ERROR 55000");
  REQUIRE(clients.ask(clients.one, {kInsertOne}) == "done");
  CHECK(clients.ask(clients.two, {kInsertTwo}) == "");
  clients.world.pass(999ms);
  clients.world.run();
  CHECK(clients.ask(clients.one, {kLastval}) == "INSERT INTO serial VALUES ('one')");
  clients.world.pass(1s);
  clients.world.run();
  CHECK(split(clients.world.client(clients.two).received).back().tag == 'Z');
  CHECK_FALSE(clients.world.client(clients.one).session->pin_reason());
  CHECK(clients.ask(clients.one, {kLastval}) == "");  // now it waits
  clients.world.pass(1s);
  clients.world.run();
  CHECK(sqlstate_of(split(clients.world.client(clients.one).received).rbegin()[1]) == "55000");
}

TEST_CASE("who is never silent gives its connection to who waits before a statement that does not ask") {
  TwoClients clients;
  clients.world.show_waiting();
  const auto is_served = [&] {
    const auto told = split(clients.world.client(clients.two).received);
    return std::any_of(told.begin(), told.end(), [](const auto& message) { return message.tag == 'C'; });
  };
  const auto use = [&](std::vector<const char*> messages, int times) {
    for (int i = 0; i < times && !is_served(); ++i) {
      const auto answer = clients.ask(clients.one, messages);
      if (!is_served()) REQUIRE(answer == "done");
      clients.world.pass(5ms);
    }
  };
  SECTION("who has not asked yet") {
    REQUIRE(clients.ask(clients.one, {kInsertOne}) == "done");
    REQUIRE(clients.ask(clients.two, {"Q UPDATE t1 SET a = 1"}) == "");
    SECTION("by single statements") { use({"Q UPDATE t1 SET a = 2"}, 5); }
    SECTION("by transactions") { use({"Q BEGIN", "Q UPDATE t1 SET a = 2", "Q COMMIT"}, 5); }
    CHECK(is_served());
  }
  SECTION("who asks, and hears what it has inserted until then") {
    REQUIRE(clients.ask(clients.one, {kLastval}) == "ERROR 55000");
    REQUIRE(clients.ask(clients.one, {kInsertOne}) == "done");
    REQUIRE(clients.ask(clients.two, {kInsertTwo}) == "");
    int pairs = 0;
    for (; pairs < 150 && !is_served(); ++pairs) {
      REQUIRE(clients.ask(clients.one, {kLastval}) == "INSERT INTO serial VALUES ('one')");
      clients.world.pass(5ms);
      clients.ask(clients.one, {kInsertOne});
      clients.world.pass(5ms);
    }
    CHECK(is_served());
    CHECK(pairs >= 100);
  }
  CHECK(clients.world.problems().empty());
}

TEST_CASE("a transaction that reads its own values keeps its connection however long it takes") {
  TwoClients clients;
  clients.world.show_waiting();
  REQUIRE(clients.ask(clients.one, {"Q BEGIN", kInsertOne}) == "done");
  CHECK(clients.ask(clients.two, {kInsertTwo}) == "");
  clients.world.pass(1min);
  clients.world.run();
  CHECK(clients.ask(clients.one, {kLastval}) == "INSERT INTO serial VALUES ('one')");
}

TEST_CASE("a server that dies takes along what lastval would tell, and nothing else of who is idle") {
  TwoClients clients;
  REQUIRE(clients.ask(clients.one, {kLastval}) == "ERROR 55000");
  REQUIRE(clients.ask(clients.one, {kInsertOne}) == "done");
  REQUIRE(clients.world.client(clients.one).session->pin_reason() == PinReason::sequence_state);
  clients.world.kill_backend_of(clients.one);
  CHECK_FALSE(clients.world.client(clients.one).session->pin_reason());
  CHECK(clients.ask(clients.one, {kLastval}) == "ERROR 55000");
  CHECK_FALSE(clients.world.client(clients.one).closed);
}

TEST_CASE("who has asked for lastval on one worker is known on the others") {
  TwoClients here, there;
  there.world.share_readers(here.world);
  here.ask(here.one, {kLastval});
  there.ask(there.one, {kInsertOne});
  CHECK(there.world.client(there.one).session->pin_reason() == PinReason::sequence_state);
  CHECK(there.ask(there.one, {kLastval}) == "INSERT INTO serial VALUES ('one')");
  CHECK(there.world.client(there.two).session->pin_reason() == std::nullopt);
}
