// What operators ask about "processes": worker threads and their server connections (see process_rows.hpp).
#include "pcp/command_functions.hpp"
#include "pcp/process_rows.hpp"
#include "pcp/replies.hpp"

#include <fmt/format.h>

#include <utility>

namespace howdah::pcp {

void cmd_proc_count(const Command& command, const Arguments&, ControlSurface& surface, Reply reply) {
  surface.collect_stats({}, [&command, reply = std::move(reply)](const GatewayStats& stats) {
    std::vector<std::string> texts{fmt::to_string(stats.workers.size())};
    for (const WorkerStats& worker : stats.workers) texts.push_back(fmt::to_string(worker.thread_id));
    reply(complete_with(command, texts));
  });
}

void cmd_proc_info(const Command& command, const Arguments& arguments, ControlSurface& surface, Reply reply) {
  const bool is_43 = surface.settings()->howdah.pcp_compatibility() == PcpCompatibility::v4_3;
  const std::size_t width = is_43 ? kPoolColumnsOf43 : pool_columns().size();
  const auto pid = parse_number(arguments.text);
  auto answer = [&command, width, pid, text = arguments.text, reply = std::move(reply)](const GatewayStats& stats) {
    std::vector<std::vector<std::string>> records;
    for (const PoolRow& row : pool_rows(stats))
      if (pid == 0 || pid == row.worker->thread_id) records.push_back(cells_of(pool_columns(), row, width));
    if (records.empty() && pid != 0)
      return reply(
          Failure{.message = "informing process info failed", .detail = fmt::format("invalid process ID : {}", text)});
    reply(record_list(command, "ProcessInfo", records));
  };
  surface.collect_stats({.statements = true}, std::move(answer));
}

}  // namespace howdah::pcp
