// A client that only prepares statements does not wait for connections that others hold.
#include <catch2/catch.hpp>

#include "gateway/wire/client_messages.hpp"
#include "tests/support/gateway/session_world.hpp"
#include "tests/support/gateway/wire_transcript.hpp"

using namespace howdah;
using namespace howdah::test;

namespace {

// One connection, held by a client in its transaction; another client wants to prepare.
struct Scene {
  Scene() : world([] {
              WorldOptions options;
              options.connections_per_node = 1;
              return options;
            }()) {
    holder = world.add_client();
    waiter = world.add_client();
    world.run();
  }

  void say(std::size_t client, std::initializer_list<const char*> requests) {
    for (const char* request : requests) world.send(client, encode(request));
    world.run();
  }
  void hold() { say(holder, {"Q BEGIN", "Q INSERT INTO t VALUES ('me')"}); }
  std::string answers() {
    std::string tags;
    for (const ServerMessage& message : split(world.client(waiter).received)) tags += message.tag;
    return tags.substr(tags.find('Z') + 1);
  }

  World world;
  std::size_t holder = 0;
  std::size_t waiter = 0;
};

}  // namespace

TEST_CASE("what a server has taken before is prepared without one when none is free") {
  Scene scene;
  scene.say(scene.holder, {"P a|INSERT INTO t VALUES ('me')", "S"});
  scene.hold();
  scene.say(scene.waiter, {"P b|INSERT INTO t VALUES ('me')", "S"});
  scene.world.pass(0s);
  CHECK(scene.answers() == "1Z");
  scene.say(scene.waiter, {"B |b", "E |0", "S"});
  CHECK(scene.answers() == "1Z");
  scene.say(scene.holder, {"Q COMMIT"});
  CHECK(scene.answers() == "1Z2CZ");
}

TEST_CASE("a new text waits a moment for a server, then is taken on trust") {
  Scene scene;
  scene.hold();
  scene.say(scene.waiter, {"P b|INSERT INTO t VALUES ('me')", "P c|INSERT INTO u VALUES ('me')", "S"});
  scene.world.pass(0s);
  CHECK(scene.answers().empty());
  scene.world.pass(1s);
  CHECK(scene.answers() == "11Z");
  scene.say(scene.holder, {"Q COMMIT"});
  scene.say(scene.waiter, {"B |b", "E |0", "B |c", "E |0", "S"});
  CHECK(scene.answers() == "11Z2C2CZ");
}

TEST_CASE("only a server can answer what may be an error, or has another part") {
  for (const auto& request : std::vector<std::vector<const char*>>{
           {"P a|SELECT syntax error 'me' FROM", "S"},
           {"P a|INSERT INTO t VALUES ('me'); SELECT 1", "S"},
           {"P |INSERT INTO t VALUES ('me')", "S"},
           {"P a|INSERT INTO t VALUES ('me')", "D S|a", "S"},
           {"P a|INSERT INTO t VALUES ('me')", "H"},
       }) {
    INFO(request.front() << " " << request.back());
    Scene scene;
    scene.hold();
    for (const char* message : request) scene.say(scene.waiter, {message});
    scene.world.pass(1s);
    CHECK(scene.answers().empty());
    scene.say(scene.holder, {"Q COMMIT"});
    CHECK_FALSE(scene.answers().empty());
  }
}

TEST_CASE("inside a transaction that has not reached a server, the status is told right") {
  Scene scene;
  scene.hold();
  scene.say(scene.waiter, {"Q BEGIN", "P b|INSERT INTO t VALUES ('me')", "S"});
  scene.world.pass(1s);
  const auto messages = split(scene.world.client(scene.waiter).received);
  CHECK(scene.answers() == "CZ1Z");
  CHECK(messages.back().body == "T");
}
