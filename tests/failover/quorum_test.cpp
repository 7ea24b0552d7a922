#include "failover/quorum.hpp"

#include <catch2/catch.hpp>

using namespace howdah;
using namespace howdah::failover;

namespace {

constexpr NodeId kPrimary{0};
const GatewayId kSelf{"g2", 7};

Vote vote(std::string name, Stance stance, NodeId primary = kPrimary, std::uint64_t instance = 7) {
  return {{std::move(name), instance}, primary, stance, "0=a:1 1=b:1"};
}

LockRow lock_of(const GatewayId& gateway) { return {gateway, LockPurpose::failover, kPrimary, 3}; }

health::NodeFacts standby(int id, bool answers, bool streams) {
  health::NodeFacts node;
  node.options.id = NodeId{id};
  node.answers = answers;
  node.last.emplace();
  node.last->in_recovery = true;
  node.last->receiver_status = streams ? "streaming" : "";
  node.last->received_timeline = TimelineId{1};
  return node;
}

const health::KnownPrimary kInOffice{kPrimary, TimelineId{1}};

}  // namespace

TEST_CASE("a majority of the living gateways must hold the primary for dead") {
  struct Row {
    std::vector<Vote> votes;
    bool may;
  };
  const Row rows[] = {
      {{vote("g2", Stance::down)}, true},  // alone
      {{vote("g2", Stance::down), vote("g1", Stance::waits)}, false},
      {{vote("g2", Stance::down), vote("g1", Stance::down)}, true},
      {{vote("g2", Stance::down), vote("g1", Stance::down), vote("g3", Stance::writes)}, true},
      {{vote("g2", Stance::down), vote("g1", Stance::writes), vote("g3", Stance::writes)}, false},
      {{vote("g2", Stance::down), vote("g1", Stance::down, NodeId{1})}, false},        // of another primary
      {{vote("g1", Stance::down), vote("g3", Stance::down)}, false},                   // own vote not there yet
      {{vote("g2", Stance::down, kPrimary, 6), vote("g1", Stance::down)}, false},      // that was before the restart
      {{vote("g2", Stance::writes), vote("g1", Stance::down), vote("g3", Stance::down)}, false},
      {{vote("g2", Stance::down), {{"g1", 7}, kPrimary, Stance::down, "0=b:1 1=a:1"}}, false},  // other numbers
  };
  for (std::size_t i = 0; i < std::size(rows); ++i) {
    INFO("row " << i);
    CHECK(object_to_lock({rows[i].votes}, kSelf, kPrimary).has_value() != rows[i].may);
  }
}

TEST_CASE("who does not have the lock waits for who has it") {
  Assembly assembly{{vote("g2", Stance::down), vote("g1", Stance::down)}};
  assembly.lock = lock_of({"g1", 7});
  CHECK(object_to_lock(assembly, kSelf, kPrimary) == "gateway g1 acts for all");
  assembly.lock = lock_of({"g2", 6});  // its own, from before a restart: not one to rely on
  CHECK(object_to_lock(assembly, kSelf, kPrimary).has_value());
  CHECK(is_locked_by_other(assembly, kSelf));
  assembly.lock = lock_of(kSelf);
  CHECK_FALSE(object_to_lock(assembly, kSelf, kPrimary));
}

TEST_CASE("nobody is promoted beside a gateway that may still write") {
  const auto objects = [](Stance stance, LockPurpose purpose, NodeId primary = kPrimary) {
    return object_to_writers({{vote("g2", Stance::writes), vote("g1", stance, primary)}}, kSelf, kPrimary, purpose).has_value();
  };
  CHECK(objects(Stance::writes, LockPurpose::failover));
  CHECK(objects(Stance::drains, LockPurpose::failover));
  CHECK_FALSE(objects(Stance::waits, LockPurpose::failover));
  CHECK_FALSE(objects(Stance::down, LockPurpose::failover));
  CHECK_FALSE(objects(Stance::writes, LockPurpose::failover, NodeId{1}));
  CHECK(objects(Stance::writes, LockPurpose::switchover));
  CHECK(objects(Stance::quiet, LockPurpose::failover));
  CHECK(objects(Stance::drains, LockPurpose::switchover));       // what it has sent may not have begun there
  CHECK_FALSE(objects(Stance::quiet, LockPurpose::switchover));  // open transactions are counted on the server
}

TEST_CASE("one gateway does what one should: who acts, else the first by name") {
  Assembly assembly{{vote("g2", Stance::writes), vote("g1", Stance::writes)}};
  CHECK_FALSE(is_steward(assembly, kSelf));
  assembly.lock = lock_of(kSelf);
  CHECK(is_steward(assembly, kSelf));
  assembly = {{vote("g3", Stance::writes), vote("g2", Stance::writes)}};
  CHECK(is_steward(assembly, kSelf));
  CHECK_FALSE(is_steward({}, kSelf));
}

TEST_CASE("the standbys are made to ping by the first of those that miss the primary") {
  CHECK(is_first_witness({{vote("g1", Stance::writes), vote("g2", Stance::down), vote("g3", Stance::down)}}, kSelf, kPrimary));
  CHECK_FALSE(is_first_witness({{vote("g1", Stance::down), vote("g2", Stance::down)}}, kSelf, kPrimary));
}

TEST_CASE("who writes without etcd and who promotes share a standby") {
  for (int count = 0; count <= 5; ++count)
    for (int reached = 0; reached <= count; ++reached) {
      // `reached` standbys stream on one side of a cut, and the others answer on the other side.
      std::vector<health::NodeFacts> here(1), there(1);
      for (int id = 1; id <= count; ++id) {
        here.push_back(standby(id, id <= reached, id <= reached));
        there.push_back(standby(id, id > reached, false));
      }
      INFO(reached << " of " << count);
      if (count > 0) CHECK_FALSE((has_most_standbys_streaming(here, kInOffice) && has_half_of_standbys_answering(there, kInOffice)));
    }
}

TEST_CASE("a standby that is detached does not count, one that is down does") {
  std::vector<health::NodeFacts> nodes{standby(0, true, false), standby(1, true, true), standby(2, false, false)};
  CHECK_FALSE(has_most_standbys_streaming(nodes, kInOffice));
  nodes[2].condition = health::NodeCondition::detached;
  CHECK(has_most_standbys_streaming(nodes, kInOffice));
}

TEST_CASE("a standby that streams from another timeline proves nothing") {
  std::vector<health::NodeFacts> nodes{standby(0, true, false), standby(1, true, true)};
  nodes[1].last->received_timeline = TimelineId{2};
  CHECK_FALSE(has_most_standbys_streaming(nodes, kInOffice));
}
