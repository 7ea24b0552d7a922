// What the simulation is calibrated by: orders/ has the orders of events that gateways before real servers have told in their
// logs (`./dev record`). The same fault, struck in virtual time, must be able to bring each of them.
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>

#include "tests/sim/simulation.hpp"
#include "tests/sim/world.hpp"

using namespace howdah;
using namespace howdah::sim;

namespace {

constexpr std::uint64_t kSeeds = 200;

using Order = std::string;  // a line an event

std::string value_of(const std::string& line, const std::string& key) {
  const auto at = line.find(' ' + key + '=');
  if (at == std::string::npos) return {};
  const auto begin = at + key.size() + 2;
  return line.substr(begin, line.find(' ', begin) - begin);
}

// Empty: it is not looked at. That a client has used a node is none of the fault's doing.
std::string event_of(const std::string& line) {
  const auto starts = [&](std::string_view phrase) { return line.starts_with(phrase); };
  const auto condition = [&](const char* key) { return value_of(line, key) == "waiting" ? "up" : value_of(line, key); };
  if (starts("node changed") && condition("from") != condition("to"))
    return fmt::format("node {} {} to {}", value_of(line, "node"), condition("from"), condition("to"));
  if (starts("failover phase changed")) return fmt::format("{} to {}", value_of(line, "from"), value_of(line, "to"));
  if (starts("primary adopted")) return fmt::format("primary {}", value_of(line, "node"));
  if (starts("standby stopped receiving")) return fmt::format("stopped {}", value_of(line, "node"));
  if (starts("standby pointed at primary")) return fmt::format("pointed {} at {}", value_of(line, "node"), value_of(line, "primary"));
  if (starts("false primary fenced")) return fmt::format("fenced {}", value_of(line, "node"));
  if (starts("switchover")) return line.substr(0, line.find(' ', std::string_view("switchover ").size()));
  return {};
}

std::vector<Order> recorded(const std::string& fault) {
  std::ifstream file(std::string(TEST_SOURCE_DIR) + "/sim/orders/" + fault + ".txt");
  REQUIRE(file.is_open());
  std::vector<Order> orders(1);
  for (std::string line; std::getline(file, line);) {
    if (line.empty()) orders.emplace_back();
    else if (const std::string event = event_of(line); !event.empty()) orders.back() += event + '\n';
  }
  return orders;
}

// From the moment of the fault on.
Order simulated(const std::string& fault, std::uint64_t seed) {
  WorldOptions options{.nodes = 3, .seed = seed};
  set_fast_profile(options);
  options.health.auto_failback = false;
  World world(options);
  world.run_for(3s + milliseconds(world.rng().below(1000)));
  world.take_trace();
  if (fault == "kill" || fault == "kill_postmaster") world.kill(0);
  if (fault == "hang") world.freeze(0);
  if (fault == "switchover") world.request(failover::PromoteRequest{1, NodeId{1}, true}, "switchover");
  world.run_for(6s);
  if (fault == "hang") world.thaw(0);
  world.run_for(3s);
  Order order;
  for (const std::string& line : world.take_trace()) {
    const auto at = line.find(" log ");
    if (at == std::string::npos) continue;
    if (const std::string event = event_of(line.substr(at + 5)); !event.empty()) order += event + '\n';
  }
  return order;
}

}  // namespace

TEST_CASE("what real servers bring about in some order, simulated ones can bring about in the same") {
  const std::string fault = GENERATE("kill", "kill_postmaster", "hang", "switchover");
  std::map<Order, int> seen;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) ++seen[simulated(fault, seed)];
  std::string all;
  for (const auto& [order, count] : seen) all += fmt::format("{} times:\n{}\n", count, order);
  for (const Order& order : recorded(fault)) {
    INFO(fault << ", recorded:\n" << order << "simulated:\n" << all);
    CHECK(std::any_of(seen.begin(), seen.end(), [&](const auto& entry) { return entry.first.starts_with(order); }));
  }
}
