#include "failover/patroni.hpp"

#include <boost/json.hpp>

#include <algorithm>

#include "failover/json_fields.hpp"

namespace howdah::failover {

namespace json = boost::json;

namespace {

Error malformed_cluster(std::string_view what) {
  return Error{ErrorCode::environment, fmt::format("Patroni's answer cannot be read: {}", what)};
}

PatroniMember member_of(const json::object& row) {
  PatroniMember member{.name = text_field(row, "name"),
                       .role = text_field(row, "role"),
                       .state = text_field(row, "state"),
                       .host = text_field(row, "host"),
                       .api_url = text_field(row, "api_url")};
  if (const auto port = number_field(row, "port"); port && *port > 0 && *port <= 65535)
    member.port = static_cast<std::uint16_t>(*port);
  if (const auto timeline = number_field(row, "timeline"); timeline && *timeline > 0)
    member.timeline = TimelineId{static_cast<std::uint32_t>(*timeline)};
  return member;
}

}  // namespace

const PatroniMember* PatroniCluster::leader() const {
  const auto found = std::find_if(members.begin(), members.end(), [](const PatroniMember& member) { return member.is_leader(); });
  return found == members.end() ? nullptr : &*found;
}

Result<PatroniCluster> parse_patroni_cluster(std::string_view text) {
  const auto object = parse_object(text);
  if (!object) return malformed_cluster(object.error().message);
  const json::value* members = object->if_contains("members");
  if (members == nullptr || !members->is_array()) return malformed_cluster("it has no members");
  PatroniCluster cluster;
  for (const json::value& row : members->get_array()) {
    if (!row.is_object()) return malformed_cluster("a member is no object");
    cluster.members.push_back(member_of(row.get_object()));
  }
  const auto is_leader = [](const PatroniMember& member) { return member.is_leader(); };
  if (std::count_if(cluster.members.begin(), cluster.members.end(), is_leader) > 1) return malformed_cluster("it has two leaders");
  const json::value* pause = object->if_contains("pause");
  cluster.is_paused = pause != nullptr && pause->is_bool() && pause->get_bool();
  return cluster;
}

std::string to_switchover_request(std::string_view leader, std::string_view candidate) {
  return json::serialize(json::object{{"leader", leader}, {"candidate", candidate}});
}

const PatroniMember* find_member(const PatroniCluster& cluster, const health::NodeOptions& node) {
  for (const PatroniMember& member : cluster.members)
    if (!member.host.empty() && member.host == node.host && member.port == node.port) return &member;
  for (const PatroniMember& member : cluster.members)
    if (!node.application_name.empty() && member.name == node.application_name) return &member;
  return nullptr;
}

void PatroniWord::on(const PatroniAnswered& answer, const std::vector<health::NodeFacts>& nodes) {
  has_spoken_ = true;
  is_leader_mute_ = answer.is_leader_mute;
  cluster_ = answer.cluster;
  leader_.reset();
  const PatroniMember* leader = cluster_ ? cluster_->leader() : nullptr;
  if (leader != nullptr)
    for (const health::NodeFacts& node : nodes)
      if (find_member(*cluster_, node.options) == leader) leader_ = node.options.id;
  std::string said = describe();
  if (said == told_) return;
  log_.log(leader_ ? LogLevel::info : LogLevel::warn, "patroni says {}", cluster_ ? said : fmt::format("{} error=\"{}\"", said, answer.error));
  told_ = std::move(said);
}

std::string PatroniWord::describe() const {
  if (!cluster_) return "nothing hint=\"the servers' own word counts until it answers\"";
  const PatroniMember* leader = cluster_->leader();
  if (leader == nullptr) return "there is no leader";
  if (leader_) return fmt::format("leader={} node={}", leader->name, leader_->value);
  return fmt::format("leader={} address={}:{} hint=\"no backend has this address or, as backend_application_nameN, this name: "
                     "nothing is written\"",
                     leader->name, leader->host, leader->port);
}

void PatroniWord::shape(health::RolePolicy& policy) const {
  policy.named = leader_;
  policy.is_named_only = cluster_.has_value();
}

}  // namespace howdah::failover
