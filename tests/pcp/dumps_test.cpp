#include "tests/pcp/wire_driver.hpp"

#include <catch2/catch.hpp>

#include <fstream>
#include <sstream>

using namespace howdah;
using namespace howdah::pcp;

namespace {

struct Exchange {
  std::string request;
  std::string answer;
};
struct Scenario {
  std::string title;
  std::string compatibility;
  bool is_whole = true;  // the answer is complete, not only its beginning
  std::vector<Exchange> exchanges;
};

// "    0010  6f 6e 4f 4b 00    onOK." : an offset, up to 16 bytes, the same as text.
std::string bytes_of(const std::string& line) {
  std::string bytes;
  for (std::size_t at = 10; at + 2 <= line.size() && at < 10 + 16 * 3 && line[at] != ' '; at += 3)
    bytes.push_back(static_cast<char>(std::stoi(line.substr(at, 2), nullptr, 16)));
  return bytes;
}

std::vector<Scenario> read_scenarios() {
  std::ifstream file(TEST_SOURCE_DIR "/scripts/pcp/dumps.txt");
  std::vector<Scenario> scenarios;
  bool is_request = true;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("== ")) {
      scenarios.push_back({.title = line.substr(3)});
    } else if (line.starts_with("compatibility ")) {
      scenarios.back().compatibility = line.substr(14);
    } else if (line.starts_with("answer ")) {
      scenarios.back().is_whole = line == "answer whole";
    } else if (line == "C>S") {
      scenarios.back().exchanges.emplace_back();
      is_request = true;
    } else if (line == "S>C") {
      is_request = false;
    } else if (line.starts_with("    ")) {
      Exchange& exchange = scenarios.back().exchanges.back();
      (is_request ? exchange.request : exchange.answer) += bytes_of(line);
    }
  }
  return scenarios;
}

// The state of the set when the captures were made: node 2 streams but is detached.
void set_up(FakeSurface& surface, const Scenario& scenario) {
  surface.set("pcp_compatibility", scenario.compatibility);
  NodeView& node = surface.cluster.nodes[2];
  node.state = NodeState::down;
  node.replication_state = "streaming";
  node.sync_state = "async";
  node.state_changed_at = WallTime(seconds(scenario.compatibility == "4.3" ? 1795234141 : 1795234168));
}

void play(const Scenario& scenario, bool is_in_pieces) {
  FakeSurface surface;
  set_up(surface, scenario);
  WireDriver driver(surface);
  if (!scenario.title.starts_with("login")) driver.log_in();
  driver.take_sent();
  for (const Exchange& exchange : scenario.exchanges) {
    if (is_in_pieces) {
      for (const char byte : exchange.request) driver.send(std::string(1, byte));
    } else {
      driver.send(exchange.request);
    }
    const std::string sent = driver.take_sent();
    CHECK((scenario.is_whole ? sent : sent.substr(0, exchange.answer.size())) == exchange.answer);
  }
}

}  // namespace

TEST_CASE("every captured exchange is answered with the captured bytes") {
  const auto scenarios = read_scenarios();
  REQUIRE(scenarios.size() == 15);
  for (const Scenario& scenario : scenarios) {
    INFO(scenario.title);
    REQUIRE_FALSE(scenario.exchanges.empty());
    play(scenario, false);
    play(scenario, true);
  }
}
