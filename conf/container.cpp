#include "conf/container.hpp"

#include "conf/words.hpp"

#include <fmt/format.h>

namespace howdah {

using namespace conf;

namespace {

constexpr std::string_view kParameterPrefix = "PGPOOL_PARAMS_";

Place place_of(std::string_view variable) { return {fmt::format("environment variable {}", variable), 0}; }

struct HostPort {
  std::string host;
  std::string port;  // empty if not given
};

// name, name:port, [::1], [::1]:port; a bare IPv6 address has more than one colon and no port.
HostPort split_host_port(std::string_view text) {
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos) return {std::string(text), ""};
    const std::string_view after = text.substr(end + 1);
    return {std::string(text.substr(1, end - 1)), after.starts_with(':') ? std::string(after.substr(1)) : ""};
  }
  const auto colon = text.find(':');
  if (colon == std::string_view::npos || text.find(':', colon + 1) != std::string_view::npos)
    return {std::string(text), ""};
  return {std::string(text.substr(0, colon)), std::string(text.substr(colon + 1))};
}

std::string value_of(const Environment& environment, const std::string& variable) {
  const auto found = environment.find(variable);
  return found == environment.end() ? std::string() : found->second;
}

}  // namespace

ContainerNodes container_nodes(const Environment& environment, Findings& findings) {
  ContainerNodes nodes;
  const auto add = [&nodes](const std::string& host_port, std::string_view variable) {
    const HostPort parts = split_host_port(host_port);
    const std::string number = std::to_string(nodes.count++);
    nodes.assignments.push_back({"backend_hostname" + number, parts.host, place_of(variable)});
    nodes.assignments.push_back(
        {"backend_port" + number, parts.port.empty() ? "5432" : parts.port, place_of(variable)});
  };
  const auto primaries = split_list(value_of(environment, "PRIMARY_IP"), ',');
  const auto replicas = split_list(value_of(environment, "REPLICAS_IP"), ',');
  if (primaries.size() > 1)
    findings.push_back({FindingKind::bad_value, FindingLevel::error, place_of("PRIMARY_IP"),
                        "PRIMARY_IP names more than one server; the others belong in REPLICAS_IP"});
  if (primaries.empty() && !replicas.empty())
    findings.push_back({FindingKind::conflict, FindingLevel::error, place_of("REPLICAS_IP"),
                        "REPLICAS_IP needs PRIMARY_IP beside it"});
  if (primaries.size() != 1) return nodes;
  add(primaries.front(), "PRIMARY_IP");
  for (const std::string& replica : replicas) add(replica, "REPLICAS_IP");
  return nodes;
}

std::vector<Assignment> parameter_variables(const Environment& environment) {
  std::vector<Assignment> assignments;
  for (const auto& [variable, value] : environment) {
    if (!variable.starts_with(kParameterPrefix)) continue;
    assignments.push_back({lower_case(variable.substr(kParameterPrefix.size())), value, place_of(variable)});
  }
  return assignments;
}

}  // namespace howdah
