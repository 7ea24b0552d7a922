// What the simulation is calibrated by: orders/ has the orders of events that gateways before real servers have told in their
// logs (`./dev record`). The same fault, struck in virtual time, must be able to bring each of them, and nothing that is in no order.
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <fstream>
#include <string>
#include <vector>

#include "tests/sim/simulation.hpp"
#include "tests/sim/world.hpp"

using namespace howdah;
using namespace howdah::sim;

namespace {

constexpr std::uint64_t kOrderSeeds = 200;

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
  world.run_for(2s + milliseconds(world.rng().below(1000)));
  world.take_trace();
  if (fault == "kill" || fault == "kill_postmaster") world.kill(0);
  if (fault == "hang") world.freeze(0);
  if (fault == "switchover") world.request(failover::PromoteRequest{1, NodeId{1}, true}, "switchover");
  world.run_for(4s);
  if (fault == "hang") world.thaw(0);
  world.run_for(2s);
  Order order;
  for (const std::string& line : world.take_trace()) {
    const auto at = line.find(" log ");
    if (at == std::string::npos) continue;
    if (const std::string event = event_of(line.substr(at + 5)); !event.empty()) order += event + '\n';
  }
  return order;
}

// Those of `wanted` that no seed brings about. `seen`: what they bring about, for the reader of a failure.
std::vector<Order> missing_of(std::vector<Order> wanted, const std::string& fault, std::uint64_t seeds, std::string& seen) {
  for (std::uint64_t seed = 1; seed <= seeds && !wanted.empty(); ++seed) {
    const Order order = simulated(fault, seed);
    if (seen.find(order) == std::string::npos) seen += fmt::format("\nseed {}:\n{}", seed, order);
    std::erase_if(wanted, [&](const Order& recorded) { return order.starts_with(recorded); });
  }
  return wanted;
}

// The event that begins with `what` comes first.
Order with_first(const Order& order, const std::string& what) {
  const auto at = order.find(what);
  if (at == std::string::npos) return {};
  const auto end = order.find('\n', at) + 1;
  return order.substr(at, end - at) + order.substr(0, at) + order.substr(end);
}

}  // namespace

TEST_CASE("what real servers bring about in some order, simulated ones can bring about in the same") {
  const std::string fault = GENERATE("kill", "kill_postmaster", "hang", "switchover");
  std::string seen;
  const std::vector<Order> missing = missing_of(recorded(fault), fault, kOrderSeeds, seen);
  INFO(fault << ", simulated:" << seen);
  CHECK(missing == std::vector<Order>{});
}

TEST_CASE("events that depend on one another are not brought about in another order") {
  constexpr std::uint64_t kSome = 20;
  const std::string fault = GENERATE("kill", "kill_postmaster", "hang", "switchover");
  std::vector<Order> wrong;
  for (const Order& order : recorded(fault))
    for (const char* what : {"stopped 2", "primary 1", "pointed 2 at 1"}) wrong.push_back(with_first(order, what));
  std::string seen;
  CHECK(missing_of(wrong, fault, kSome, seen) == wrong);
}
