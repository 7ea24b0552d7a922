// The programs: `howdah` and `pgpool` are the gateway; under the names pcp_* and pg_md5 the same file is Pgpool's tools.
#include <fmt/format.h>

#include <optional>
#include <string_view>

#include "gateway/app.hpp"
#include "gateway/cli.hpp"
#include "gateway/import.hpp"
#include "gateway/io/daemon.hpp"
#include "gateway/options.hpp"
#include "gateway/verbs.hpp"
#include "pcp/client/mains.hpp"

namespace howdah {
namespace {

ExitCode serve(const CommandLine& line) {
  Configuration configuration = read_configuration(file_paths(line));
  print_findings(configuration.findings);
  if (has_errors(configuration.findings)) return ExitCode::fatal;
  // In the background from here on; threads must not be made before.
  std::optional<Daemon> daemon;
  if (!line.in_foreground) daemon.emplace(Daemon::detach());
  LogSink log(log_options(configuration.settings(), line.has_debug));
  App app(line, std::move(configuration), log);
  if (const auto started = app.start(); !started) {
    log.error("cannot start why=\"{}\"", to_text(started.error()));
    return started.error().message.starts_with("pid file found") ? ExitCode::usage : ExitCode::fatal;
  }
  if (daemon) daemon->is_ready();
  app.run();
  return ExitCode::ok;
}

ExitCode run(const CommandLine& line) {
  switch (line.verb) {
    case Verb::run: return serve(line);
    case Verb::stop: return run_stop(line);
    case Verb::reload: return run_reload(line);
    case Verb::check: return run_check(line);
    case Verb::route: return run_route(line);
    case Verb::sample: return run_sample();
    case Verb::agent: return run_agent(line);
    case Verb::show: return run_show(line);
    case Verb::import: return run_import(line);
  }
  return ExitCode::usage;
}

// `howdah switchover ...` is pcp_promote_node --switchover with the same options.
int switch_over(int argc, char** argv) {
  static char option[] = "--switchover";
  argv[1] = option;
  return pcp::pcp_client_main("pcp_promote_node", argc, argv);
}

}  // namespace
}  // namespace howdah

int main(int argc, char** argv) {
  std::string_view name = argv[0];
  name.remove_prefix(name.rfind('/') + 1);  // npos + 1 is 0
  if (name == "pg_md5") return howdah::pcp::pg_md5_main(argc, argv);
  if (howdah::pcp::is_pcp_tool(name)) return howdah::pcp::pcp_client_main(name, argc, argv);
  if (argc > 1 && std::string_view(argv[1]) == "switchover") return howdah::switch_over(argc, argv);
  const auto parsed = howdah::parse_command_line(argc, argv);
  if (const auto* code = std::get_if<howdah::ExitCode>(&parsed)) return static_cast<int>(*code);
  return static_cast<int>(howdah::run(std::get<howdah::CommandLine>(parsed)));
}
