// Commands about the gateway itself.
#include "pcp/command_functions.hpp"
#include "pcp/frame.hpp"
#include "pcp/replies.hpp"
#include "pcp/reports.hpp"
#include "pcp/settings_rows.hpp"

#include <fmt/format.h>

#include <optional>
#include <utility>

namespace howdah::pcp {

namespace {

constexpr std::size_t kMaxDescriptionLength = 79;  // Pgpool's

std::optional<StopMode> parse_stop_mode(char choice) {
  switch (choice) {
    case 's':
      return StopMode::smart;
    case 'f':
      return StopMode::fast;
    case 'i':
      return StopMode::immediate;
    default:
      return std::nullopt;
  }
}

// There is one gateway: "cluster" is the same as "local".
bool is_scope(char choice) { return choice == 'l' || choice == 'c'; }

std::string shown(char choice) { return choice == 0 ? std::string() : std::string(1, choice); }

}  // namespace

// The count in the first packet is binary, the only such number in the protocol.
void cmd_pool_status(const Command& command, const Arguments&, ControlSurface& surface, Reply reply) {
  const auto rows = status_rows(facts_now(surface));
  std::string head;
  append_cstring(head, "ArraySize");
  append_u32(head, static_cast<std::uint32_t>(rows.size()));
  std::string out;
  append_frame(out, command.reply, head);
  for (const SettingRow& row : rows)
    append_texts(
        out, command.reply,
        {"ProcessConfig", row.item, row.value, std::string_view(row.description).substr(0, kMaxDescriptionLength)});
  reply(out + complete(command));
}

// Pgpool says OK whatever the reload finds; here the operator is told what was wrong.
void cmd_reload_config(const Command& command, const Arguments& arguments, ControlSurface& surface, Reply reply) {
  if (!is_scope(arguments.choice))
    return reply(Failure{.message = "process reload config request failed",
                         .detail = fmt::format("invalid scope \"{}\"", shown(arguments.choice))});
  surface.reload(completing(command, std::move(reply)));
}

void cmd_log_rotate(const Command& command, const Arguments& arguments, ControlSurface& surface, Reply reply) {
  const auto failure = [](std::string detail) {
    return Failure{.message = "process log rotation request failed",
                   .detail = std::move(detail),
                   .origin = {"pgpool_main.c", 4175}};
  };
  if (!is_scope(arguments.choice)) return reply(failure(fmt::format("invalid scope \"{}\"", shown(arguments.choice))));
  if (!surface.settings()->log.logging_collector()) return reply(failure("logging_collector is disabled"));
  surface.rotate_log(completing(command, std::move(reply)));
}

// Pgpool refuses this while a failover runs. Here it is allowed: a failover may be waiting for an operator, and one
// that is cut off is taken up again at the next start.
void cmd_stop_pgpool(const Command& command, const Arguments& arguments, ControlSurface& surface, Reply reply) {
  const auto mode = parse_stop_mode(arguments.choice);
  if (!mode)
    return reply(Failure{.message = "process shutdown request failed",
                         .detail = fmt::format("invalid shutdown mode \"{}\"", shown(arguments.choice))});
  surface.stop(*mode, completing(command, std::move(reply)));
}

void cmd_watchdog_info(const Command&, const Arguments&, ControlSurface&, Reply reply) {
  reply(Failure{.message = "PCP: informing watchdog info failed", .detail = "watchdog is not enabled"});
}

void cmd_invalidate_query_cache(const Command&, const Arguments&, ControlSurface&, Reply reply) {
  reply(Failure{.message = "query cache is not enabled", .origin = {"pcp_worker.c", 1395}});
}

// It governs the N packets of this connection; Howdah sends none.
void cmd_set_parameter(const Command& command, const Arguments& arguments, ControlSurface&, Reply reply) {
  if (arguments.text == "client_min_messages") return reply(complete(command));
  reply(Failure{.message = "PCP: set configuration parameter failed",
                .detail = fmt::format("invalid parameter \"{}\"", arguments.text)});
}

void cmd_obsolete(const Command&, const Arguments&, ControlSurface&, Reply reply) { reply(std::string()); }

}  // namespace howdah::pcp
