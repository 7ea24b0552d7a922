#include "gateway/session/replication_start.hpp"

#include <fmt/format.h>

#include <charconv>

#include "gateway/session/session_settings.hpp"
#include "gateway/session/startup_settings.hpp"

namespace howdah {

namespace {

constexpr std::string_view kNode = "howdah.node";

Result<NodeId> node_of(const std::string& text) {
  std::int32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc{} && end == text.data() + text.size() && number >= 0) return NodeId{number};
  return Error{ErrorCode::parameter_invalid, fmt::format("invalid value for parameter \"{}\": \"{}\"", kNode, text), {},
               "It is the number of a node, as SHOW POOL_NODES tells it."};
}

}  // namespace

Result<ReplicationStart> replication_start_of(const wire::StartupMessage& startup) {
  auto parameters = startup.parameters;
  if (!startup.options.empty()) parameters.emplace_back("options", startup.options);
  auto settings = startup_settings_of(parameters);
  if (!settings) return settings.error();
  ReplicationStart start;
  for (const auto& [name, value] : settings->own) {
    if (name != kNode)
      return Error{ErrorCode::unknown_parameter, fmt::format("unrecognized configuration parameter \"{}\"", name), {},
                   fmt::format("A replication connection knows {} only.", kNode)};
    const auto node = node_of(value);
    if (!node) return node.error();
    start.node = *node;
  }
  const bool is_logical = startup.replication == wire::Replication::logical;
  start.parameters.emplace_back("replication", is_logical ? "database" : "true");
  if (settings->carried != nullptr)
    for (const CarriedSetting& one : settings->carried->values) start.parameters.emplace_back(one.name, one.value);
  return start;
}

Result<NodeId> replication_node(const ClusterView& view, std::optional<NodeId> wanted) {
  const NodeView* node = wanted ? view.find(*wanted) : view.primary_node();
  if (node != nullptr && node->is_usable()) return node->id;
  if (!wanted) return Error{ErrorCode::no_primary, "there is no primary now"};
  return Error{ErrorCode::no_node, fmt::format("node {} cannot be used now", wanted->value)};
}

}  // namespace howdah
