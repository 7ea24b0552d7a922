// Plays tests/scripts/wire: whole, byte by byte, and with a fault after every delivery.
#include "tests/support/gateway/wire_transcript.hpp"

#include <catch2/catch.hpp>

using namespace howdah::test;

namespace {

std::vector<std::string> paths() { return script_paths(TEST_SOURCE_DIR "/scripts/wire"); }

std::string joined(const std::vector<std::string>& problems) {
  std::string text;
  for (const std::string& problem : problems) text += problem + "\n";
  return text;
}

}  // namespace

TEST_CASE("each wire script is answered as written, however its bytes are cut") {
  REQUIRE(paths().size() > 10);
  for (const std::string& path : paths()) {
    const Script script = read_script(path);
    for (const std::size_t chunk : {std::size_t{1} << 20, std::size_t{1}, std::size_t{7}}) {
      for (const bool is_whole : {false, true}) {
        INFO(path << " chunk " << chunk << " whole answers " << is_whole);
        CHECK(joined(play(script, chunk, is_whole)) == "");
      }
    }
  }
}

TEST_CASE("whatever breaks between any two messages, each request ends once and the next user is safe") {
  const bool is_replaying = GENERATE(false, true);
  for (const std::string& path : paths()) {
    Script script = read_script(path);
    script.world.session.transaction_replay = is_replaying;
    using enum howdah::test::Fault;
    for (const howdah::test::Fault fault : {backend_lost, client_gone, cancel, timeout, primary_lost}) {
      bool ended = false;
      std::string problems;
      for (int step = 0; !ended && problems.empty(); ++step)
        problems = joined(play_with_fault(script, fault, std::size_t{1} << 20, step, ended));
      CHECK(problems == "");
    }
  }
}

TEST_CASE("a server or a client lost in the middle of a message leaves no half of it to anybody") {
  const bool is_replaying = GENERATE(false, true);
  for (const std::string& path : paths()) {
    Script script = read_script(path);
    script.world.session.transaction_replay = is_replaying;
    if (script.has_large_messages) continue;  // thousands of pieces
    using enum howdah::test::Fault;
    for (const howdah::test::Fault fault : {backend_lost, client_gone}) {
      bool ended = false;
      std::string problems;
      for (int step = 0; !ended && problems.empty(); ++step)
        problems = joined(play_with_fault(script, fault, 7, step, ended));
      CHECK(problems == "");
    }
  }
}
