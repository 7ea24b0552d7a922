#include "gateway/cli.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "gateway/version.hpp"

namespace howdah {

namespace {

constexpr const char* kAbout =
    "A gateway in front of a PostgreSQL primary and its streaming replicas.\n"
    "Also callable as pgpool.";

void add_options(CLI::App& app, CommandLine& line, std::string& mode, bool& wants_check) {
  app.add_option("-f,--config-file", line.config_file, "pgpool.conf to use");
  app.add_option("-a,--hba-file", line.hba_file, "pool_hba.conf to use");
  app.add_option("-F,--pcp-file", line.pcp_file, "pcp.conf to use");
  app.add_option("-k,--key-file", line.key_file, "key of AES passwords");
  app.add_flag("-n,--dont-detach", line.in_foreground, "stay in the foreground");
  app.add_flag("-D,--discard-status", line.discards_status, "forget which nodes were down");
  app.add_flag("-d,--debug", line.has_debug, "debug messages");
  app.add_flag("-C,--clear-oidmaps")->description("accepted for Pgpool's sake");
  app.add_flag("-x,--debug-assertions")->description("accepted for Pgpool's sake");
  app.add_option("-m,--mode", mode, "with stop: smart, fast or immediate")
      ->check(CLI::IsMember({"s", "smart", "f", "fast", "i", "immediate"}));
  app.add_flag("--check", wants_check, "only check the configuration");
  app.add_option("--import", line.import_file, "a pgbouncer.ini to make pgpool.conf, pool_hba.conf and pool_passwd from");
  app.add_option("-o,--output", line.output_directory, "with --import: where to write them");
  app.add_option("--servers", line.import_servers, "with --import: host:port,... of the databases to take, where they lie on several");
  app.add_flag("--overwrite", line.may_overwrite, "with --import: also over files that exist");
  app.add_flag("--online", line.is_online, "with --check: also ask the servers for what native failover needs of them");
  app.add_option("-c,--command", line.sql, "run one SHOW against the running gateway and print its answer");
  app.set_help_flag("-h,--help", "this text");
}

}  // namespace

std::variant<CommandLine, ExitCode> parse_command_line(int argc, char** argv) {
  CommandLine line;
  std::string mode = "smart";
  bool wants_check = false;
  bool wants_version = false;
  CLI::App app(kAbout, "howdah");
  add_options(app, line, mode, wants_check);
  app.add_flag("-v,--version", wants_version, "print the version");
  app.require_subcommand(0, 1);
  app.fallthrough();
  std::string route_sql;
  app.add_subcommand("stop", "stop the running gateway");
  app.add_subcommand("reload", "make the running gateway read its files again");
  app.add_subcommand("sample", "print a sample pgpool.conf");
  app.add_subcommand("agent", "stay beside a PostgreSQL server and do what gateways need done there; -f names its file");
  app.add_subcommand("switchover", "make another node primary, as pcp_promote_node --switchover and with its options");
  CLI::App* route = app.add_subcommand("route", "say where a statement would go, and why");
  route->add_option("sql", route_sql, "the statement");
  route->add_option("--from-log", line.statement_log, "judge a log of statements instead; - is standard input");
  route->add_flag("--table", line.prints_table, "print where each kind of statement goes");
  route->require_option(1);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? ExitCode::ok : ExitCode::usage;
  }
  if (wants_version) {
    fmt::print(stderr, "pgpool-II version {}\n", kVersionText);
    return ExitCode::ok;
  }
  line.stop_mode = mode.front();
  if (app.got_subcommand("stop")) line.verb = Verb::stop;
  if (app.got_subcommand("reload")) line.verb = Verb::reload;
  if (app.got_subcommand("sample")) line.verb = Verb::sample;
  if (app.got_subcommand("agent")) line.verb = Verb::agent;
  if (app.got_subcommand("route")) {
    line.verb = Verb::route;
    line.sql = route_sql;
  }
  if (!line.import_file.empty()) line.verb = Verb::import;
  if (wants_check) line.verb = Verb::check;
  if (line.verb == Verb::run && !line.sql.empty()) line.verb = Verb::show;
  return line;
}

}  // namespace howdah
