// pcp_watchdog_info's two layouts. Howdah itself has no watchdog; Pgpool's gateways are asked with the same tool.
#include "pcp/client/output.hpp"

#include <boost/property_tree/json_parser.hpp>
#include <boost/property_tree/ptree.hpp>
#include <fmt/format.h>

#include <array>
#include <sstream>

namespace howdah::pcp {

namespace {

using boost::property_tree::ptree;

std::string text_of(const ptree& tree, const char* key) { return tree.get<std::string>(key, ""); }

std::string quorum_text(const std::string& number) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kStates{
      {{"1", "QUORUM EXIST"}, {"0", "QUORUM IS ON THE EDGE"}, {"-1", "QUORUM ABSENT"}, {"-2", "NO LEADER NODE"}}};
  for (const auto& [code, name] : kStates)
    if (code == number) return std::string(name);
  return "UNKNOWN";
}

std::string yes_no(const std::string& text) { return text == "1" || text == "true" ? "YES" : "NO"; }

std::string total_members(const ptree& cluster) { return fmt::to_string(cluster.get("RemoteNodeCount", 0) + 1); }

Record member_values(const ptree& member, std::initializer_list<const char*> keys) {
  Record values;
  for (const char* key : keys) values.push_back(text_of(member, key));
  if (member.count("LifecheckStarted") != 0) values.push_back(yes_no(text_of(member, "LifecheckStarted")));
  return values;
}

std::string plain_text(const ptree& cluster) {
  std::string out = fmt::format("{} {} {} {} {}\n\n", total_members(cluster),
                                cluster.get("MemberRemoteNodeCount", 0) + 1, yes_no(text_of(cluster, "Escalated")),
                                text_of(cluster, "LeaderNodeName"), text_of(cluster, "LeaderHostName"));
  for (const auto& [key, member] : cluster.get_child("WatchdogNodes"))
    out += fmt::format("{}\n", fmt::join(member_values(member, {"NodeName", "HostName", "PgpoolPort", "WdPort", "State",
                                                                "StateName", "Membership", "MembershipString"}),
                                         " "));
  return out;
}

std::string verbose_text(const ptree& cluster) {
  std::string out = "Watchdog Cluster Information \n";
  out +=
      labelled({"Total Nodes", "Remote Nodes", "Member Remote Nodes", "Alive Remote Nodes", "Nodes required for quorum",
                "Quorum state", "Local node escalation", "Leader Node Name", "Leader Host Name"},
               {total_members(cluster), text_of(cluster, "RemoteNodeCount"), text_of(cluster, "MemberRemoteNodeCount"),
                text_of(cluster, "AliveNodeCount"), text_of(cluster, "NodesRequireForQuorum"),
                quorum_text(text_of(cluster, "QuorumStatus")), yes_no(text_of(cluster, "Escalated")),
                text_of(cluster, "LeaderNodeName"), text_of(cluster, "LeaderHostName")},
               ": ");
  out += "\nWatchdog Node Information \n";
  for (const auto& [key, member] : cluster.get_child("WatchdogNodes")) {
    const Record values = member_values(member, {"NodeName", "HostName", "DelegateIP", "PgpoolPort", "WdPort",
                                                 "Priority", "State", "StateName", "MembershipString"});
    std::vector<std::string_view> labels{"Node Name",   "Host Name",     "Delegate IP",
                                         "Pgpool port", "Watchdog port", "Node priority",
                                         "Status",      "Status Name",   "Membership Status"};
    if (values.size() > labels.size()) labels.push_back("Lifecheck Started");
    out += labelled(labels, values) + "\n";
  }
  return out;
}

}  // namespace

Result<std::string> render_watchdog(bool is_verbose, const std::string& json) {
  try {
    ptree cluster;
    std::istringstream text(json);
    boost::property_tree::read_json(text, cluster);
    return is_verbose ? verbose_text(cluster) : plain_text(cluster);
  } catch (const boost::property_tree::ptree_error&) {
    return unreadable("watchdog information");
  }
}

}  // namespace howdah::pcp
