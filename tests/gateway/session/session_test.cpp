// What scripts cannot say: logins, time, memory, shutting down.
#include "gateway/session/session.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

#include "gateway/wire/client_messages.hpp"
#include "tests/support/gateway/session_world.hpp"
#include "tests/support/gateway/wire_transcript.hpp"

using namespace howdah;
using namespace howdah::test;

namespace {

std::string tags_of(const World::Client& client) {
  std::string tags;
  for (const ServerMessage& message : split(client.received)) tags.push_back(message.tag);
  return tags;
}

void let_say(World& world, std::size_t id, const std::string& message) {
  world.send(id, encode(message));
  world.run();
}

std::string last_error(const World::Client& client) {
  std::string sqlstate;
  for (const ServerMessage& message : split(client.received))
    if (message.tag == 'E') sqlstate = sqlstate_of(message);
  return sqlstate;
}

}  // namespace

TEST_CASE("the first client with its settings is welcomed by a server, the next from memory") {
  World world({});
  const std::size_t first = world.add_client({{"timezone", "Mars"}});
  CHECK(tags_of(world.client(first)).empty());
  world.run();
  CHECK(tags_of(world.client(first)) == "SSKZ");
  const std::size_t second = world.add_client({{"timezone", "Mars"}, {"application_name", "other"}});
  CHECK(tags_of(world.client(second)) == "SSKZ");
}

TEST_CASE("startup settings that a server refuses end the login with the server's words") {
  World world({});
  const std::size_t id = world.add_client({{"timezone", "refused"}});
  world.run();
  CHECK(last_error(world.client(id)) == "22023");
  CHECK(world.client(id).closed == CloseReason::login_refused);
  CHECK(world.leased_count() == 0);
}

TEST_CASE("a client that waits for a server connection is told so once for each wait") {
  WorldOptions options{.connections_per_node = 1, .has_replica = false};
  options.session.query_wait_notify = 2s;
  World world(options);
  const std::size_t holder = world.add_client();
  const std::size_t waiter = world.add_client();
  world.run();
  world.client(waiter).received.clear();
  for (int round = 0; round < 2; ++round) {
    let_say(world, holder, "Q BEGIN");
    let_say(world, holder, "Q SELECT 'me' FROM t1");
    let_say(world, waiter, "Q SELECT 'me' FROM t1");
    world.pass(1s);
    CHECK(tags_of(world.client(waiter)) == (round == 0 ? "" : "NTDCZ"));
    world.pass(2s);
    world.pass(2s);
    let_say(world, holder, "Q COMMIT");
  }
  CHECK(tags_of(world.client(waiter)) == "NTDCZNTDCZ");
}

TEST_CASE("each limit of time ends the session with its own SQLSTATE") {
  struct Row {
    const char* what;
    Duration SessionOptions::* limit;
    const char* requests;
    const char* sqlstate;
    bool runs;
  };
  const Row row = GENERATE(Catch::Generators::values<Row>({
      {"a statement", &SessionOptions::query_timeout, "Q SELECT 'me' FROM t1", "57014", false},
      {"idle in a transaction", &SessionOptions::idle_transaction_timeout, "Q BEGIN", "25P03", true},
      {"a transaction", &SessionOptions::transaction_timeout, "Q BEGIN", "25P04", true},
      {"idle", &SessionOptions::client_idle_limit, "Q SELECT 'me' FROM t1", "57P05", true},
  }));
  INFO(row.what);
  WorldOptions options;
  options.session.*row.limit = 10s;
  World world(options);
  const std::size_t id = world.add_client();
  world.run();
  world.send(id, encode(row.requests));
  if (row.runs) world.run();
  world.pass(9s);
  CHECK_FALSE(world.client(id).closed);
  world.pass(2s);
  CHECK(world.client(id).closed == CloseReason::timed_out);
  CHECK(last_error(world.client(id)) == row.sqlstate);
  CHECK(world.leased_count() == 0);
}

TEST_CASE("a session holds no more than a bounded part of what a client sends while it waits") {
  WorldOptions options;
  options.session.max_parse_size = 10'000;
  World world(options);
  const std::size_t id = world.add_client();
  world.run();
  world.set_primary(std::nullopt);
  std::size_t sent = 0;
  const std::string insert = encode("Q INSERT INTO t VALUES ('@900')");
  while (world.client(id).session->wants_client_bytes()) {
    world.send(id, insert);
    sent += insert.size();
    REQUIRE(sent < 1'000'000);
  }
  CHECK(sent < 100'000);
  world.set_primary(World::kPrimary);
  world.run();
  CHECK(world.client(id).session->wants_client_bytes());
}

TEST_CASE("who waits for a connection to the primary begins nothing there once a switchover has begun") {
  World world({.connections_per_node = 1});
  const std::size_t holder = world.add_client();
  const std::size_t waiter = world.add_client();
  world.run();
  let_say(world, holder, "Q BEGIN");
  let_say(world, holder, "Q INSERT INTO t VALUES ('holder')");
  let_say(world, waiter, "Q INSERT INTO t VALUES ('waiter')");
  world.set_primary(std::nullopt);  // held: whoever is in a transaction may end it
  let_say(world, holder, "Q COMMIT");
  const auto has_run = [&](NodeId node) {
    const auto log = world.node_log(node);
    return std::any_of(log.begin(), log.end(), [](const std::string& sql) { return sql.find("'waiter'") != std::string::npos; });
  };
  CHECK_FALSE(has_run(World::kPrimary));
  CHECK(world.leased_count() == 0);
  world.set_primary(World::kReplica);
  world.run();
  CHECK_FALSE(has_run(World::kPrimary));
  CHECK(has_run(World::kReplica));
}

TEST_CASE("who waits for a connection to a node that goes down goes on elsewhere, without an error") {
  World world({});
  const std::size_t id = world.add_client();
  world.run();
  world.send(id, encode("Q INSERT INTO t VALUES (1)"));
  world.set_primary(std::nullopt);
  world.event(id, session::LeaseRefused{World::kPrimary, Error{ErrorCode::no_node, "server 0 is down"}});
  world.set_primary(World::kPrimary);
  world.run();
  CHECK(last_error(world.client(id)).empty());
  CHECK(world.writes() == 1);
}

TEST_CASE("only so many clients wait for a primary; who is beyond that is told which setting says so") {
  WorldOptions options;
  options.session.primary_wait_max_clients = 2;
  World world(options);
  std::vector<std::size_t> ids;
  for (int i = 0; i < 4; ++i) ids.push_back(world.add_client());
  world.run();
  const auto write = [&](std::size_t id) {
    world.send(id, encode("Q INSERT INTO t VALUES ('x')"));
    world.run();
  };
  const auto is_waiting = [&](std::size_t id) { return world.client(id).session->state() == SessionState::waiting_primary; };
  for (int outage = 0; outage < 3; ++outage) {  // every place is left again
    world.set_primary(std::nullopt);
    for (const std::size_t id : ids) write(id);
    CHECK(is_waiting(ids[0]));
    CHECK(is_waiting(ids[1]));
    CHECK(last_error(world.client(ids[2])) == "53300");
    CHECK(world.client(ids[3]).received.find("primary_wait_max_clients allows 2") != std::string::npos);
    world.event(ids[0], session::CancelAsked{});
    world.run();
    CHECK(last_error(world.client(ids[0])) == "57014");
    write(ids[2]);
    CHECK(is_waiting(ids[2]));
    write(ids[3]);
    CHECK_FALSE(is_waiting(ids[3]));
    world.set_primary(World::kPrimary);
    world.run();
    CHECK(world.writes() == 2 * (outage + 1));
  }
  world.set_primary(std::nullopt);
  write(ids[0]);
  write(ids[1]);
  world.close_client(ids[0]);
  write(ids[2]);
  CHECK(is_waiting(ids[2]));
}

TEST_CASE("shutting down waits for the transaction that is open") {
  World world({});
  const std::size_t idle = world.add_client();
  const std::size_t busy = world.add_client();
  world.run();
  world.send(busy, encode("Q BEGIN") + encode("Q INSERT INTO t VALUES ('x')"));
  world.run();
  world.event(idle, session::ShutDown{});
  world.event(busy, session::ShutDown{});
  CHECK(world.client(idle).closed == CloseReason::shutting_down);
  CHECK_FALSE(world.client(busy).closed);
  world.send(busy, encode("Q COMMIT"));
  world.run();
  CHECK(world.client(busy).closed == CloseReason::shutting_down);
}

TEST_CASE("a write whose server dies before it answers may have happened, and the client is told so") {
  World world({});
  const std::size_t id = world.add_client();
  world.run();
  world.send(id, encode("Q INSERT INTO t VALUES ('x')"));
  while (world.leased_count() == 0) REQUIRE(world.step());
  REQUIRE(world.kill_backend_of(id));
  world.run();
  CHECK(last_error(world.client(id)) == "08007");
  CHECK(tags_of(world.client(id)).ends_with("EZ"));
}

TEST_CASE("the first read of a transaction that loses its server is run elsewhere, with its BEGIN") {
  const bool is_extended = GENERATE(false, true);
  const bool is_primary_alone = GENERATE(false, true);
  WorldOptions options;
  options.has_replica = !is_primary_alone;
  World world(options);
  const std::size_t id = world.add_client();
  world.run();
  const std::string batch = encode("P |SELECT 'me' FROM t2") + encode("B |") + encode("E |0") + encode("S");
  world.send(id, encode("Q BEGIN READ ONLY") + (is_extended ? batch : encode("Q SELECT 'me' FROM t2")));
  while (world.leased_count() == 0) REQUIRE(world.step());
  REQUIRE(world.kill_backend_of(id));
  world.run();
  world.pass(1s);
  world.run();
  CHECK(tags_of(world.client(id)).ends_with(is_extended ? "CZ12DDCZ" : "CZTDDCZ"));
  CHECK(world.client(id).session->is_in_transaction());
  world.send(id, encode("Q COMMIT"));
  world.run();
  CHECK(tags_of(world.client(id)).ends_with("DDCZCZ"));
  CHECK(world.leased_count() == 0);
  const auto log = world.node_log(World::kPrimary);
  REQUIRE(log.size() >= 3);
  CHECK(log[log.size() - 3] == "BEGIN READ ONLY");
  CHECK(log.back() == "COMMIT");
  CHECK(world.problems().empty());
}

TEST_CASE("a pinned connection is reset before its next user") {
  World world({});
  const std::size_t id = world.add_client();
  world.run();
  world.send(id, encode("Q LISTEN c"));
  world.run();
  world.close_client(id);
  world.run();
  CHECK(world.node_log(World::kPrimary).back() == "DISCARD ALL");
  CHECK(world.problems().empty());
}

TEST_CASE("behind the end of a transaction that fails meanwhile a name is found taken") {
  World world({});
  const std::size_t id = world.add_client();
  world.run();
  world.send(id, encode("P r|SELECT 'me' FROM t1") + encode("S"));
  world.run();
  const std::size_t before = tags_of(world.client(id)).size();
  std::string all;
  for (const char* said : {"Q BEGIN", "Q SELECT 'me' FROM broken", "P |ROLLBACK", "B |", "E |0", "P r|SELECT 'me' FROM t2", "S"}) all += encode(said);
  world.send(id, all);
  world.run();
  CHECK(tags_of(world.client(id)).substr(before) == "CZEZ12CEZ");
  CHECK(last_error(world.client(id)) == "42P05");
  CHECK(world.problems().empty());
}

TEST_CASE("a reset query that undoes less than DISCARD ALL leaves nothing of a client to the next") {
  WorldOptions options;
  options.session.server_reset_query = read_reset_query("RESET ALL; CLOSE ALL; UNLISTEN *");
  World world(options);
  const std::size_t first = world.add_client();
  world.run();
  SECTION("what it undoes") {
    world.send(first, encode("Q LISTEN c"));
    world.run();
    world.close_client(first);
    world.run();
    CHECK(world.node_log(World::kPrimary).back() == "UNLISTEN *");
  }
  SECTION("what it does not") {
    world.send(first, encode("Q CREATE TEMP TABLE x (a int)"));
    world.run();
    world.close_client(first);
    world.run();
    CHECK(world.leased_count() == 0);
    CHECK(world.node_log(World::kPrimary).back() == "CREATE TEMP TABLE x (a int)");
  }
  CHECK(world.problems().empty());
}

TEST_CASE("a reset query is read for what it undoes") {
  const ResetQuery all = read_reset_query("DISCARD ALL");
  CHECK(all.undone.has(PinReason::opaque));
  CHECK_FALSE(all.undone.has(PinReason::load));
  CHECK(all.drops_statements);
  const ResetQuery pgpools = read_reset_query("RESET ALL;SET SESSION AUTHORIZATION DEFAULT");
  CHECK(pgpools.undone.has(PinReason::setting));
  CHECK(pgpools.undone.has(PinReason::session_authorization));
  CHECK_FALSE(pgpools.undone.has(PinReason::temp_table));
  CHECK_FALSE(pgpools.drops_statements);
  CHECK(read_reset_query("").undone.is_empty());
}

TEST_CASE("who needs a connection of a primary that is full hears it at once, in its words, and its session goes on") {
  World world({});
  const std::size_t id = world.add_client();
  world.run();
  world.send(id, encode("Q INSERT INTO t VALUES (1)"));
  constexpr char kWords[] = "SFATAL\0C53300\0Msorry, too many clients already\0";  // and its own end
  world.event(id, session::LeaseRefused{World::kPrimary, Error{ErrorCode::too_many_clients, "sorry, too many clients already"}, std::string(kWords, sizeof kWords)});
  world.run();
  CHECK(last_error(world.client(id)) == "53300");
  CHECK(!world.client(id).closed);
  CHECK(world.client(id).received.find("SERROR") != std::string::npos);
  CHECK(world.client(id).received.find("sorry, too many clients already") != std::string::npos);
}
