// One client of a World whose primary dies under it, and what the client and the next primary hear.
#pragma once

#include <catch2/catch.hpp>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/gateway/session_world.hpp"
#include "tests/support/gateway/wire_transcript.hpp"

namespace howdah::test {

inline WorldOptions with_replay() {
  WorldOptions options;
  options.session.transaction_replay = true;
  options.session.commit_safety = CommitSafety::pipelined;
  return options;
}

// One client, whose server can be killed under it.
struct Outage {
  explicit Outage(WorldOptions options = with_replay()) : world(std::move(options)), id(world.add_client()) {
    world.run();
    seen = world.client(id).received.size();
  }

  // Each line is a message as in tests/scripts/wire; what came is returned as tags, errors with their SQLSTATE.
  std::string say(std::initializer_list<const char*> messages) {
    send(messages);
    world.run();
    return heard();
  }
  void send(std::initializer_list<const char*> messages) {
    std::string bytes;
    for (const char* message : messages) bytes += encode(message);
    world.send(id, bytes);
  }
  std::string heard() {
    std::string tags;
    for (const ServerMessage& message : split(std::string_view(world.client(id).received).substr(seen))) {
      tags.push_back(message.tag);
      if (message.tag == 'E') tags += sqlstate_of(message);
      if (message.tag == 'Z') tags += message.body;
    }
    seen = world.client(id).received.size();
    return tags;
  }
  void lose_primary() {
    world.kill_node(World::kPrimary);
    world.set_primary(std::nullopt);
    world.run();
  }
  void promote() {
    world.set_primary(World::kReplica);
    world.run();
  }
  void fail_over() {
    lose_primary();
    promote();
  }
  std::vector<std::string> asked_of_new() { return world.node_log(World::kReplica); }

  World world;
  std::size_t id;
  std::size_t seen = 0;
};

inline bool ends_with(const std::vector<std::string>& list, const std::vector<std::string>& end) {
  return list.size() >= end.size() && std::equal(end.rbegin(), end.rend(), list.rbegin());
}

}  // namespace howdah::test
