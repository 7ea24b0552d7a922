// What operators ask about the nodes.
#include "pcp/command_functions.hpp"
#include "pcp/node_rows.hpp"
#include "pcp/replies.hpp"
#include "pcp/reports.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace howdah::pcp {

namespace {

bool has_delay_kind(const Settings& settings) { return settings.howdah.pcp_compatibility() != PcpCompatibility::v4_3; }

const NodeRow* find_row(const std::vector<NodeRow>& rows, std::optional<NodeId> id) {
  if (!id) return nullptr;
  const auto found = std::find_if(rows.begin(), rows.end(), [id](const NodeRow& row) { return row.node.id == *id; });
  return found == rows.end() ? nullptr : &*found;
}

}  // namespace

void cmd_node_count(const Command& command, const Arguments&, ControlSurface& surface, Reply reply) {
  reply(complete_with(command, {fmt::to_string(surface.view()->nodes.size())}));
}

void cmd_node_info(const Command& command, const Arguments& arguments, ControlSurface& surface, Reply reply) {
  const auto rows = node_rows(facts_now(surface));
  const bool is_wide = has_delay_kind(*surface.settings());
  std::vector<std::vector<std::string>> records;
  if (parse_number(arguments.text) == -1) {
    for (const NodeRow& row : rows) records.push_back(node_record(row, is_wide));
  } else if (const NodeRow* row = find_row(rows, parse_node(arguments))) {
    records.push_back(node_record(*row, is_wide));
  } else {
    return reply(Failure{.message = "informing node info failed",
                         .detail = fmt::format("invalid node ID : {}", arguments.text),
                         .origin = {"pcp_worker.c", 843}});
  }
  reply(record_list(command, "NodeInfo", records));
}

void cmd_health_check_stats(const Command& command, const Arguments& arguments, ControlSurface& surface, Reply reply) {
  const auto rows = node_rows(facts_now(surface));
  const NodeRow* row = find_row(rows, parse_node(arguments));
  if (row == nullptr)
    return reply(Failure{.message = "informing health check stats info failed",
                         .detail = fmt::format("invalid node ID : {}", arguments.text)});
  reply(complete_with(command, cells_of(health_columns(), *row)));
}

}  // namespace howdah::pcp
