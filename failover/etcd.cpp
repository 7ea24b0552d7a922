#include "failover/etcd.hpp"

#include <fmt/format.h>

#include <array>
#include <boost/json.hpp>

#include "conf/aes.hpp"
#include "failover/json_fields.hpp"

namespace howdah::failover {

namespace json = boost::json;
using conf::decode_base64;
using conf::encode_base64;

namespace {

constexpr std::string_view kViews = "view/";
constexpr std::string_view kLock = "failover";
constexpr std::string_view kOffice = "primary";

constexpr std::array<std::string_view, 5> kStances{"writes", "drains", "quiet", "waits", "down"};
constexpr std::array<std::string_view, 2> kPurposes{"failover", "switchover"};

template <typename Enum, std::size_t N>
std::optional<Enum> enum_of(const std::array<std::string_view, N>& names, std::string_view name) {
  for (std::size_t i = 0; i < N; ++i)
    if (names[i] == name) return static_cast<Enum>(i);
  return std::nullopt;
}

template <typename Enum, std::size_t N>
std::string_view name_of(const std::array<std::string_view, N>& names, Enum value) {
  return names[static_cast<std::size_t>(value)];
}

// --- values ---

// The instance is 64 bits without a sign: as text, for JSON's readers differ in what they make of it.
json::object gateway_object(const GatewayId& gateway) {
  return {{"gateway", gateway.name}, {"instance", fmt::format("{:x}", gateway.instance)}};
}

std::optional<GatewayId> gateway_of(const json::object& value) {
  GatewayId gateway{.name = text_field(value, "gateway")};
  const std::string instance = text_field(value, "instance");
  const auto [end, failed] = std::from_chars(instance.data(), instance.data() + instance.size(), gateway.instance, 16);
  if (gateway.name.empty() || failed != std::errc{} || end != instance.data() + instance.size()) return std::nullopt;
  return gateway;
}

std::string vote_text(const Vote& vote) {
  json::object value = gateway_object(vote.gateway);
  if (vote.primary) value["primary"] = vote.primary->value;
  value["stance"] = name_of(kStances, vote.stance);
  value["servers"] = vote.servers;
  return json::serialize(value);
}

std::optional<Vote> vote_of(const json::object& value) {
  const auto gateway = gateway_of(value);
  const auto stance = enum_of<Stance>(kStances, text_field(value, "stance"));
  if (!gateway || !stance) return std::nullopt;
  Vote vote{.gateway = *gateway, .stance = *stance, .servers = text_field(value, "servers")};
  if (const auto primary = number_field(value, "primary")) vote.primary = NodeId{static_cast<std::int32_t>(*primary)};
  return vote;
}

std::optional<LockRow> lock_of(const json::object& value, std::int64_t revision) {
  const auto gateway = gateway_of(value);
  const auto purpose = enum_of<LockPurpose>(kPurposes, text_field(value, "purpose"));
  const auto primary = number_field(value, "primary");
  if (!gateway || !purpose || !primary) return std::nullopt;
  return LockRow{*gateway, *purpose, NodeId{static_cast<std::int32_t>(*primary)}, revision};
}

std::string office_text(const OfficeRow& row) {
  json::object value = gateway_object(row.claimed_by);
  value["epoch"] = row.epoch.value;
  value["node"] = row.node.value;
  value["timeline"] = row.timeline.value;
  if (row.fork.xid != 0) value["fork_xid"] = row.fork.xid, value["fork_lsn"] = row.fork.replayed;
  return json::serialize(value);
}

std::optional<OfficeRow> office_of(const json::object& value, std::int64_t revision) {
  const auto gateway = gateway_of(value);
  const auto epoch = number_field(value, "epoch"), node = number_field(value, "node"), timeline = number_field(value, "timeline");
  if (!gateway || !epoch || !node || !timeline) return std::nullopt;
  return OfficeRow{Epoch{static_cast<std::uint64_t>(*epoch)}, NodeId{static_cast<std::int32_t>(*node)},
                   TimelineId{static_cast<std::uint32_t>(*timeline)}, *gateway, revision,
                   Fork{static_cast<std::uint64_t>(number_field(value, "fork_xid").value_or(0)), text_field(value, "fork_lsn")}};
}

// --- bodies ---

std::string compare_made(const std::string& key, std::int64_t revision) {
  return fmt::format(R"({{"key":"{}","target":"CREATE","result":"EQUAL","create_revision":"{}"}})", key, revision);
}

std::string compare_changed(const std::string& key, std::int64_t revision) {
  return fmt::format(R"({{"key":"{}","target":"MOD","result":"EQUAL","mod_revision":"{}"}})", key, revision);
}

std::string put_text(const std::string& key, const std::string& value, LeaseId lease) {
  const std::string under = lease == 0 ? "" : fmt::format(R"(,"lease":"{}")", lease);
  return fmt::format(R"({{"key":"{}","value":"{}"{}}})", key, encode_base64(value), under);
}

EtcdCall transaction(const std::string& compare, const std::string& success) {
  return {"/v3/kv/txn", fmt::format(R"({{"compare":[{}],"success":[{}]}})", compare, success)};
}

Error malformed(std::string_view what) {
  return Error{ErrorCode::environment, fmt::format("etcd's answer cannot be read: {}", what)};
}

}  // namespace

EtcdCall EtcdBodies::login(std::string_view user, std::string_view password) {
  return {"/v3/auth/authenticate", json::serialize(json::object{{"name", user}, {"password", password}})};
}

EtcdCall EtcdBodies::grant_lease(seconds time_to_live) {
  return {"/v3/lease/grant", fmt::format(R"({{"TTL":"{}"}})", time_to_live.count())};
}

EtcdCall EtcdBodies::keep_lease(LeaseId lease) { return {"/v3/lease/keepalive", fmt::format(R"({{"ID":"{}"}})", lease)}; }

EtcdCall EtcdBodies::revoke_lease(LeaseId lease) { return {"/v3/lease/revoke", fmt::format(R"({{"ID":"{}"}})", lease)}; }

EtcdCall EtcdBodies::read_all() const {
  std::string behind = prefix_;
  ++behind.back();  // the first key that does not begin with it
  return {"/v3/kv/range", fmt::format(R"({{"key":"{}","range_end":"{}"}})", encode_base64(prefix_), encode_base64(behind))};
}

EtcdCall EtcdBodies::put_vote(const Vote& vote, LeaseId lease) const {
  return {"/v3/kv/put", put_text(encode_base64(fmt::format("{}{}{}", prefix_, kViews, vote.gateway.name)), vote_text(vote), lease)};
}

EtcdCall EtcdBodies::take_lock(const LockRow& row, LeaseId lease) const {
  const std::string key = encode_base64(fmt::format("{}{}", prefix_, kLock));
  json::object value = gateway_object(row.gateway);
  value["purpose"] = name_of(kPurposes, row.purpose);
  value["primary"] = row.primary.value;
  return transaction(compare_made(key, 0), fmt::format(R"({{"request_put":{}}})", put_text(key, json::serialize(value), lease)));
}

EtcdCall EtcdBodies::drop_lock(std::int64_t lock_revision) const {
  const std::string key = encode_base64(fmt::format("{}{}", prefix_, kLock));
  return transaction(compare_made(key, lock_revision), fmt::format(R"({{"request_delete_range":{{"key":"{}"}}}})", key));
}

EtcdCall EtcdBodies::claim_office(const OfficeRow& row, std::int64_t lock_revision) const {
  const std::string lock = encode_base64(fmt::format("{}{}", prefix_, kLock));
  const std::string office = encode_base64(fmt::format("{}{}", prefix_, kOffice));
  return transaction(compare_made(lock, lock_revision) + "," + compare_changed(office, row.revision),
                     fmt::format(R"({{"request_put":{}}})", put_text(office, office_text(row), 0)));
}

Result<Assembly> EtcdBodies::parse_assembly(std::string_view body) const {
  const auto answer = parse_object(body);
  if (!answer) return malformed(answer.error().message);
  Assembly assembly;
  const json::value* rows = answer->if_contains("kvs");
  if (rows == nullptr) return assembly;
  if (!rows->is_array()) return malformed("kvs is no array");
  for (const json::value& row : rows->get_array()) {
    const json::object* fields = row.if_object();
    const auto key = decode_base64(fields ? text_field(*fields, "key") : "");
    const auto text = decode_base64(fields ? text_field(*fields, "value") : "");
    if (!key || !text || !key->starts_with(prefix_)) return malformed("a row has no key or value");
    const auto value = parse_object(*text);
    const std::string_view name = std::string_view(*key).substr(prefix_.size());
    bool is_read = true;
    if (!value) is_read = false;
    else if (name.starts_with(kViews)) {
      auto vote = vote_of(*value);
      is_read = vote.has_value();
      if (vote) assembly.votes.push_back(std::move(*vote));
    } else if (name == kLock) {
      assembly.lock = lock_of(*value, number_field(*fields, "create_revision").value_or(0));
      is_read = assembly.lock.has_value();
    } else if (name == kOffice) {
      assembly.office = office_of(*value, number_field(*fields, "mod_revision").value_or(0));
      is_read = assembly.office.has_value();
    }
    if (!is_read) return malformed(fmt::format("the value of \"{}\"", *key));
  }
  return assembly;
}

Result<std::string> parse_token(std::string_view body) {
  const auto answer = parse_object(body);
  std::string token = answer ? text_field(*answer, "token") : std::string();
  if (token.empty()) return malformed("there is no token");
  return token;
}

Result<LeaseId> parse_lease(std::string_view body) {
  const auto answer = parse_object(body);
  const auto id = answer ? number_field(*answer, "ID") : std::nullopt;
  if (!id || *id == 0) return malformed("there is no lease");
  return *id;
}

Result<bool> parse_kept(std::string_view body) {
  const auto answer = parse_object(body);
  const json::object* result = answer ? object_field(*answer, "result") : nullptr;
  if (result == nullptr) return malformed("there is no result");
  return number_field(*result, "TTL").value_or(0) > 0;
}

std::string parse_trouble(std::string_view body) {
  const auto answer = parse_object(body);
  if (!answer) return std::string(body.substr(0, 200));
  if (const json::object* wrapped = object_field(*answer, "error")) return text_field(*wrapped, "message");
  const std::string error = text_field(*answer, "error");
  return error.empty() ? text_field(*answer, "message") : error;
}

}  // namespace howdah::failover
