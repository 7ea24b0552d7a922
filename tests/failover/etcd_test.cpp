#include "failover/etcd.hpp"

#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include "conf/aes.hpp"

using namespace howdah;
using namespace howdah::failover;
namespace json = boost::json;

namespace {

const EtcdBodies kBodies("main");
const GatewayId kWriter{"g1", 0x1f};

// Answers of etcd 3.4.23.
constexpr std::string_view kHeader =
    R"("header":{"cluster_id":"787626449001882187","member_id":"15836422337403450008","revision":"5","raft_term":"2"})";
constexpr std::string_view kReading =
    R"(,"kvs":[{"key":"L2hvd2RhaC9tYWluL2ZhaWxvdmVy","create_revision":"2","mod_revision":"2","version":"1",)"
    R"("value":"eyJnYXRld2F5IjoiZzEiLCJpbnN0YW5jZSI6IjFmIiwicHVycG9zZSI6ImZhaWxvdmVyIiwicHJpbWFyeSI6MH0=","lease":"8257528120368621574"},)"
    R"({"key":"L2hvd2RhaC9tYWluL3ByaW1hcnk=","create_revision":"4","mod_revision":"9","version":"1",)"
    R"("value":"eyJnYXRld2F5IjoiZzEiLCJpbnN0YW5jZSI6IjFmIiwiZXBvY2giOjcsIm5vZGUiOjIsInRpbWVsaW5lIjo1fQ=="},)"
    R"({"key":"L2hvd2RhaC9tYWluL3ZpZXcvZzE=","create_revision":"3","mod_revision":"3","version":"1",)"
    R"("value":"eyJnYXRld2F5IjoiZzEiLCJpbnN0YW5jZSI6IjFmIiwicHJpbWFyeSI6MCwic3RhbmNlIjoiZG93biIsInNlcnZlcnMiOiIwPWE6MSJ9",)"
    R"("lease":"8257528120368621574"}],"count":"3"})";

std::string answer(std::string_view rest) { return fmt::format("{{{}{}", kHeader, rest); }

// What a put of this body would be read as.
std::string reading_of(const json::object& put, std::int64_t create_revision, std::int64_t mod_revision) {
  json::object row{{"key", put.at("key")}, {"value", put.at("value")}};
  row["create_revision"] = std::to_string(create_revision);
  row["mod_revision"] = std::to_string(mod_revision);
  return json::serialize(json::object{{"kvs", json::array{row}}});
}

json::object parsed(const std::string& body) { return json::parse(body).as_object(); }

json::object put_of(const EtcdCall& transaction) {
  return parsed(transaction.body).at("success").as_array().at(0).as_object().at("request_put").as_object();
}

std::string text_of(const json::value& coded) { return conf::decode_base64(std::string(coded.as_string())).value(); }

}  // namespace

TEST_CASE("a reading of etcd is taken apart into votes, the lock and the office") {
  const auto assembly = kBodies.parse_assembly(answer(kReading));
  REQUIRE(assembly.has_value());
  REQUIRE(assembly->votes.size() == 1);
  CHECK(assembly->votes[0] == Vote{kWriter, NodeId{0}, Stance::down, "0=a:1"});
  REQUIRE(assembly->lock);
  CHECK(assembly->lock->gateway == kWriter);
  CHECK(assembly->lock->purpose == LockPurpose::failover);
  CHECK(assembly->lock->revision == 2);
  REQUIRE(assembly->office);
  CHECK(assembly->office->epoch == Epoch{7});
  CHECK(assembly->office->node == NodeId{2});
  CHECK(assembly->office->timeline == TimelineId{5});
  CHECK(assembly->office->revision == 9);  // of the last change, not of its making
}

TEST_CASE("an empty etcd is an empty assembly") {
  const auto assembly = kBodies.parse_assembly(answer("}"));
  REQUIRE(assembly.has_value());
  CHECK(assembly->votes.empty());
  CHECK_FALSE(assembly->lock);
  CHECK_FALSE(assembly->office);
}

TEST_CASE("what cannot be read is not guessed at") {
  const auto row = [](std::string_view key, std::string_view value) {
    return fmt::format(R"({{"kvs":[{{"key":"{}","value":"{}"}}]}})", conf::encode_base64(key), conf::encode_base64(value));
  };
  for (const std::string& body :
       {std::string(), std::string("[]"), std::string("{"), std::string(R"({"kvs":7})"), std::string(R"({"kvs":[7]})"),
        std::string(R"({"kvs":[{"key":"*"}]})"), row("/elsewhere", "{}"), row("/howdah/main/failover", "x"),
        row("/howdah/main/failover", R"({"gateway":"g1","instance":"1f","purpose":"conquest","primary":0})"),
        row("/howdah/main/primary", R"({"gateway":"g1","instance":"1f","epoch":1})"),
        row("/howdah/main/view/g1", R"({"gateway":"g1","instance":"zz","stance":"down"})")}) {
    INFO(body);
    CHECK_FALSE(kBodies.parse_assembly(body).has_value());
  }
}

TEST_CASE("rows are read as they were written") {
  SECTION("a vote") {
    const Vote vote{{"g\"1", ~std::uint64_t{0}}, std::nullopt, Stance::drains, "0=a:1 1=b:2"};
    const EtcdCall call = kBodies.put_vote(vote, 42);
    CHECK(parsed(call.body).at("lease") == "42");
    const auto assembly = kBodies.parse_assembly(reading_of(parsed(call.body), 3, 3));
    REQUIRE(assembly.has_value());
    CHECK(assembly->votes.at(0) == vote);
  }
  SECTION("the lock") {
    const auto assembly = kBodies.parse_assembly(reading_of(put_of(kBodies.take_lock({kWriter, LockPurpose::switchover, NodeId{1}}, 42)), 8, 9));
    REQUIRE(assembly.has_value());
    CHECK(assembly->lock->purpose == LockPurpose::switchover);
    CHECK(assembly->lock->primary == NodeId{1});
    CHECK(assembly->lock->revision == 8);
  }
  SECTION("the office") {
    const auto assembly = kBodies.parse_assembly(reading_of(put_of(kBodies.claim_office({Epoch{3}, NodeId{1}, TimelineId{2}, kWriter, 5}, 8)), 4, 6));
    REQUIRE(assembly.has_value());
    CHECK(assembly->office->epoch == Epoch{3});
    CHECK(assembly->office->claimed_by == kWriter);
    CHECK(assembly->office->revision == 6);
    CHECK(assembly->office->fork == Fork{});
  }
  SECTION("the office after a promotion") {
    const OfficeRow row{Epoch{3}, NodeId{1}, TimelineId{2}, kWriter, 5, {700, "0/5000"}};
    const auto assembly = kBodies.parse_assembly(reading_of(put_of(kBodies.claim_office(row, 8)), 4, 6));
    REQUIRE(assembly.has_value());
    CHECK(assembly->office->fork == Fork{700, "0/5000"});
  }
}

TEST_CASE("the office is claimed only if neither it nor the lock has changed") {
  const json::object body = parsed(kBodies.claim_office({Epoch{3}, NodeId{1}, TimelineId{2}, kWriter, 5}, 8).body);
  const json::array& compares = body.at("compare").as_array();
  REQUIRE(compares.size() == 2);
  CHECK(text_of(compares[0].at("key")) == "/howdah/main/failover");
  CHECK(compares[0].at("create_revision") == "8");
  CHECK(text_of(compares[1].at("key")) == "/howdah/main/primary");
  CHECK(compares[1].at("mod_revision") == "5");
}

TEST_CASE("a reading asks for every key of this cluster and no other's") {
  const json::object body = parsed(kBodies.read_all().body);
  CHECK(text_of(body.at("key")) == "/howdah/main/");
  CHECK(text_of(body.at("range_end")) == "/howdah/main0");
}

TEST_CASE("leases are granted, kept and lost") {
  CHECK(parse_lease(answer(R"(,"ID":"8257528120368621574","TTL":"5"})")).value() == 8257528120368621574);
  CHECK_FALSE(parse_lease(answer("}")).has_value());
  CHECK(parse_kept(fmt::format(R"({{"result":{{{},"ID":"77","TTL":"5"}}}})", kHeader)).value());
  CHECK_FALSE(parse_kept(fmt::format(R"({{"result":{{{},"ID":"77"}}}})", kHeader)).value());
  CHECK_FALSE(parse_kept("{}").has_value());
}

TEST_CASE("etcd's errors are told in its words") {
  CHECK(parse_trouble(R"({"error":"etcdserver: requested lease not found","message":"etcdserver: requested lease not found","code":5})") ==
        "etcdserver: requested lease not found");
  CHECK(parse_trouble(R"({"error":{"grpc_code":14,"http_code":503,"message":"no leader","http_status":"Service Unavailable"}})") == "no leader");
  CHECK(parse_trouble("<html>") == "<html>");
}
