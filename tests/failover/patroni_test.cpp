#include "failover/patroni.hpp"

#include <catch2/catch.hpp>

using namespace howdah;
using namespace howdah::failover;

namespace {

// Answers of Patroni 3.0.2.
constexpr std::string_view kSteady =
    R"({"members": [{"name": "node0", "role": "leader", "state": "running", "api_url": "http://127.0.0.1:8008/patroni", )"
    R"("host": "127.0.0.1", "port": 5432, "timeline": 1}, {"name": "node1", "role": "replica", "state": "streaming", )"
    R"("api_url": "http://127.0.0.1:8009/patroni", "host": "127.0.0.1", "port": 5433, "timeline": 1, "lag": 0}]})";

health::NodeFacts node_at(int id, std::string host, std::uint16_t port, std::string name = {}) {
  health::NodeFacts node;
  node.options = {.id = NodeId{id}, .host = std::move(host), .port = port, .application_name = std::move(name)};
  return node;
}

PatroniCluster cluster_of(std::string_view text) {
  auto cluster = parse_patroni_cluster(text);
  REQUIRE(cluster.has_value());
  return *cluster;
}

}  // namespace

TEST_CASE("Patroni's members and leader are read") {
  const PatroniCluster cluster = cluster_of(kSteady);
  REQUIRE(cluster.members.size() == 2);
  REQUIRE(cluster.leader() != nullptr);
  CHECK(cluster.leader()->name == "node0");
  CHECK(cluster.leader()->port == 5432);
  CHECK(cluster.leader()->timeline == TimelineId{1});
  CHECK(cluster.members[1].state == "streaming");
  CHECK_FALSE(cluster.is_paused);
}

TEST_CASE("what is no answer of Patroni is refused") {
  for (const char* text : {"", "null", "[]", "{}", R"({"members": 1})", R"({"members": [1]})", "{\"members\": [",
                           R"({"members": [{"role": "leader"}, {"role": "leader"}]})"}) {
    INFO(text);
    CHECK_FALSE(parse_patroni_cluster(text).has_value());
  }
}

TEST_CASE("fields of another type than expected are taken as absent") {
  const PatroniCluster cluster = cluster_of(R"({"members": [{"name": 7, "role": "replica", "port": 70000, "timeline": "x", "host": null}], "pause": 1})");
  CHECK(cluster.members[0].name.empty());
  CHECK(cluster.members[0].port == 0);
  CHECK_FALSE(cluster.members[0].timeline);
  CHECK_FALSE(cluster.is_paused);
}

TEST_CASE("a member is the node with its address, or with its name") {
  const PatroniCluster cluster = cluster_of(kSteady);
  const auto name_of = [&](const health::NodeFacts& node) {
    const PatroniMember* member = find_member(cluster, node.options);
    return member == nullptr ? "" : member->name;
  };
  CHECK(name_of(node_at(3, "127.0.0.1", 5433)) == "node1");
  CHECK(name_of(node_at(3, "db1.example", 5432, "node1")) == "node1");
  CHECK(name_of(node_at(3, "db1.example", 5432)).empty());
  CHECK(name_of(node_at(3, "127.0.0.1", 5432, "node1")) == "node0");  // the address counts more
}

TEST_CASE("Patroni denies every node but its leader") {
  NullLog log;
  PatroniWord word(log);
  const std::vector<health::NodeFacts> nodes{node_at(0, "127.0.0.1", 5432), node_at(1, "127.0.0.1", 5433)};
  CHECK_FALSE(word.has_spoken());

  word.on({.cluster = cluster_of(kSteady)}, nodes);
  CHECK(word.has_spoken());
  CHECK(word.leader() == NodeId{0});
  CHECK_FALSE(word.denies(NodeId{0}));
  CHECK(word.denies(NodeId{1}));

  SECTION("without a leader it denies all") {
    word.on({.cluster = cluster_of(R"({"members": [{"name": "node0", "role": "replica", "host": "127.0.0.1", "port": 5432}]})")}, nodes);
    CHECK(word.denies(NodeId{0}));
    CHECK(word.denies(NodeId{1}));
  }
  SECTION("a leader that is no node of ours denies all") {
    word.on({.cluster = cluster_of(R"({"members": [{"name": "x", "role": "leader", "host": "10.0.0.9", "port": 5432}]})")}, nodes);
    CHECK_FALSE(word.leader());
    CHECK(word.denies(NodeId{0}));
  }
  SECTION("without an answer it denies nobody, and names nobody") {
    word.on({.error = "refused"}, nodes);
    CHECK_FALSE(word.denies(NodeId{0}));
    health::RolePolicy policy;
    word.shape(policy);
    CHECK_FALSE(policy.is_named_only);
  }
}

TEST_CASE("what Patroni is asked for a switchover is JSON, whatever the names are") {
  CHECK(to_switchover_request("a", "b\"c") == R"({"leader":"a","candidate":"b\"c"})");
}
