#include "agent/commands.hpp"

#include <fmt/format.h>

#include <array>

namespace howdah::agent {

namespace {

ServerFacts look(const Request& request, Host& host) { return host.perform(Look{}, request).facts; }

Report report_of(const Request& request, Host& host, std::string error = {}, std::string hint = {}) {
  return {.error = std::move(error), .hint = std::move(hint), .server = look(request, host)};
}

Report cmd_status(const Request& request, Host& host) { return report_of(request, host); }

Report cmd_lease(const Request& request, Host& host) {
  Report report = report_of(request, host);
  host.hear_lease(request.is_in_office && !is_other_system(request, report.server));
  return report;
}

Report cmd_stop(const Request& request, Host& host) {
  if (request.mode != "fast" && request.mode != "immediate")
    return report_of(request, host, fmt::format("\"{}\" is no way to stop: fast, immediate", request.mode));
  if (auto objection = object_to(request, look(request, host)); !objection.empty())
    return report_of(request, host, std::move(objection));
  return report_of(request, host, host.perform(StopServer{request.mode}, request).error);
}

// The guard against a second primary: a server that would be one is started only for who holds it in office on just the
// timeline that it is on.
Report cmd_start(const Request& request, Host& host) {
  const ServerFacts facts = look(request, host);
  if (facts.is_running()) return report_of(request, host);
  if (auto objection = object_to(request, facts); !objection.empty()) return report_of(request, host, std::move(objection));
  const bool is_rightful = request.is_in_office && facts.timeline == request.timeline;
  const RejoinOutcome outcome = host.perform(StartServer{.may_be_primary = is_rightful}, request);
  return report_of(request, host, outcome.error);
}

Report run(const Request& request, Host& host, bool is_clone) {
  Rejoin rejoin(request, is_clone);
  RejoinOutcome outcome;
  for (;;) {
    const RejoinAction action = rejoin.step(outcome);
    if (const auto* finished = std::get_if<RejoinFinished>(&action)) {
      Report report = finished->report;
      report.server = look(request, host);
      return report;
    }
    outcome = host.perform(action, request);
  }
}

Report cmd_rejoin(const Request& request, Host& host) { return run(request, host, false); }
Report cmd_clone(const Request& request, Host& host) { return run(request, host, true); }

constexpr std::array kCommands{
    Command{"status", Privilege::read, &cmd_status, "", "What the server is"},
    Command{"lease", Privilege::read, &cmd_lease, "is_in_office", "The same; whether the gateway holds it to be the primary"},
    Command{"stop", Privilege::change, &cmd_stop, "mode, timeline", "Stop the server: fast, immediate"},
    Command{"start", Privilege::change, &cmd_start, "timeline, is_in_office",
            "Start it; as a primary only if it is the one in office"},
    Command{"rejoin", Privilege::change, &cmd_rejoin, "primary_host, primary_port, timeline, slot, clean_at, may_clone",
            "Make it a standby: stop, rewind or clone where needed, start"},
    Command{"clone", Privilege::change, &cmd_clone, "as rejoin", "The same, copying the primary anew in any case"},
};

}  // namespace

std::span<const Command> commands() { return kCommands; }

const Command* find_command(std::string_view name) {
  for (const Command& command : kCommands)
    if (command.name == name) return &command;
  return nullptr;
}

std::string render_command_table() {
  std::string table = "| command | privilege | takes | what it does |\n|---|---|---|---|\n";
  for (const Command& row : kCommands)
    table += fmt::format("| `{}` | {} | {} | {} |\n", row.name, row.privilege == Privilege::read ? "read" : "change",
                         row.arguments.empty() ? "nothing" : row.arguments, row.help);
  return table;
}

}  // namespace howdah::agent
