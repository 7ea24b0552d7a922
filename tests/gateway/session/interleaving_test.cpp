// Several clients share few server connections while they come and go, are cancelled, and servers die under them, in an
// order drawn from a seed. Every row must be its reader's own, and every request must end once.
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "gateway/wire/client_messages.hpp"
#include "tests/support/gateway/session_world.hpp"
#include "tests/support/gateway/wire_transcript.hpp"

using namespace howdah;
using namespace howdah::test;

namespace {

struct Person {
  std::size_t id = 0;
  std::string mark;
  int requests = 0;
  bool is_gone = false;
};

std::string some_setting(Rng& rng) {
  switch (rng.below(8)) {
    case 0: return "Q DISCARD ALL";
    case 1: return "Q RESET ALL";
    case 2: return "Q RESET timezone";
    case 3: return "Q RESET application_name";
    case 4: return fmt::format("Q SAVEPOINT s{}", rng.below(2));
    case 5: return fmt::format("Q ROLLBACK TO s{}", rng.below(2));
    case 6: return fmt::format("Q RELEASE s{}", rng.below(2));
    default: return fmt::format("Q SET {} = {}", rng.chance(0.5) ? "timezone" : "search_path", rng.chance(0.2) ? "elsewhere" : "here");
  }
}

std::string some_request(Rng& rng, const std::string& mark, int& requests) {
  const auto extended = [&](const std::string& name, const std::string& sql) {
    return encode("P " + name + "|" + sql) + encode("B |" + name) + encode("D P|") + encode("E |0") +
           (name.empty() ? "" : encode("C S|" + name)) + encode("S");
  };
  const std::string read = fmt::format("SELECT '{}' FROM t{}", mark, rng.below(4));
  const std::string write = fmt::format("INSERT INTO t VALUES ('{}')", mark);
  ++requests;
  switch (rng.below(17)) {
    case 0: return encode("Q " + read);
    case 1: return encode("Q " + write);
    case 2: return extended("", read);
    case 3: return extended("", write);
    case 4: return extended("s", read);
    case 5: return extended("s", write);
    case 6: return encode("Q BEGIN");
    case 7: return encode("Q COMMIT");
    case 8: return encode("Q ROLLBACK");
    case 9: return encode(fmt::format("Q SELECT '{}' FROM broken", mark));
    case 10: return encode(fmt::format("Q SELECT '{}' FROM hidden_write", mark));
    case 11: return encode(fmt::format("Q SELECT '{}' FROM conflict", mark));
    case 12: return encode(some_setting(rng));
    case 13: return extended("", some_setting(rng).substr(2));
    case 14: return encode("Q LISTEN c");
    case 15: return encode("P |" + read) + encode("B |") + encode("H") + encode("E |0") + encode("P |" + write) +
                    encode("B |") + encode("E |0") + encode("S");
    default: return encode("B |") + encode("E |0") + encode("S");
  }
}

void check(const Person& person, const World::Client& client, std::uint64_t seed) {
  INFO("seed " << seed << " client " << person.mark);
  int ready = 0;
  int errors = 0;
  for (const ServerMessage& message : split(client.received)) {
    if (message.tag == 'D') REQUIRE(message.body.find("'" + person.mark + "'") != std::string::npos);
    if (message.tag == 'E') ++errors;
    if (message.tag != 'Z') continue;
    CHECK(errors <= 1);
    errors = 0;
    ++ready;
  }
  if (!client.closed) CHECK(ready == person.requests + 1);
}

void play_seed(std::uint64_t seed) {
  INFO("seed " << seed);
  Rng rng(seed);
  WorldOptions options;
  options.chunk = rng.chance(0.5) ? 1 << 20 : 1 + rng.below(40);
  options.is_whole_answers = rng.chance(0.5);
  options.connections_per_node = 1 + rng.below(3);
  options.session.max_prepared_statements = 1 + rng.below(3);
  options.session.pool_mode = rng.chance(0.2) ? PoolMode::session : PoolMode::transaction;
  if (options.session.pool_mode == PoolMode::session) options.connections_per_node = 30;
  options.session.transaction_replay = seed % 2 == 0;
  const bool has_faults = rng.chance(0.5);
  World world(options);
  std::vector<Person> people;
  for (int turn = 0; turn < 300; ++turn) {
    if (people.size() < 4 || rng.chance(0.03)) {
      const std::string mark = fmt::format("m{}", people.size());
      people.push_back({.id = world.add_client({{"application_name", mark}}), .mark = mark});
    }
    Person& person = people[rng.below(people.size())];
    if (!person.is_gone && rng.chance(0.5)) world.send(person.id, some_request(rng, person.mark, person.requests));
    if (!person.is_gone && rng.chance(0.02)) {
      person.is_gone = true;
      world.close_client(person.id);
    }
    if (rng.chance(0.02)) world.event(person.id, session::CancelAsked{});
    if (has_faults && rng.chance(0.03)) world.kill_backend_of(person.id);
    if (rng.chance(0.05)) world.pass(1s), world.set_primary(World::kPrimary);
    for (std::uint64_t i = rng.below(6); i > 0; --i) world.step();
  }
  // Those who hold on to a connection let go, so that the others can be served.
  const auto finish = [&] {
    for (int round = 0; round < 60; ++round) {
      world.run();
      world.pass(1s);
    }
  };
  for (Person& person : people) {
    if (person.is_gone) continue;
    ++person.requests;
    ++person.requests;
    world.send(person.id, encode("Q ROLLBACK") + encode("Q DISCARD ALL"));
    finish();
  }
  finish();
  for (const Person& person : people) {
    if (!person.is_gone) check(person, world.client(person.id), seed);
    world.close_client(person.id);
  }
  finish();
  CHECK(world.leased_count() == 0);
  for (const std::string& problem : world.problems()) CHECK(problem == "");
}

}  // namespace

TEST_CASE("clients that share server connections in any order see only their own rows, and each request ends once") {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) play_seed(seed);
}
