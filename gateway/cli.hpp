// The command line of `howdah`, which is also called as `pgpool` with Pgpool's options and verbs. Parsing only: what a
// verb does is in verbs.cpp.
#pragma once

#include <string>
#include <variant>

namespace howdah {

// What Pgpool's program returns to its caller. partly: imported, but not all of it has a counterpart.
enum class ExitCode : int { ok = 0, usage = 1, partly = 2, fatal = 3 };

enum class Verb { run, stop, reload, check, route, sample, show, import, agent };

struct CommandLine {
  Verb verb = Verb::run;
  std::string config_file;  // empty: the compiled-in one
  std::string hba_file;     // empty: pool_hba.conf beside config_file
  std::string pcp_file;     // empty: pcp.conf beside config_file
  std::string key_file;
  bool in_foreground = false;
  bool discards_status = false;
  bool is_online = false;
  bool has_debug = false;
  char stop_mode = 's';  // s, f, i
  std::string sql;       // route, show
  std::string statement_log;  // route
  bool prints_table = false;  // route
  std::string import_file;         // import: a pgbouncer.ini
  std::string output_directory = ".";
  std::string import_servers;      // "host:port,...": only the databases that lie there; empty: where most lie
  bool may_overwrite = false;
};

// An ExitCode where everything was said already (help, version, a mistake).
std::variant<CommandLine, ExitCode> parse_command_line(int argc, char** argv);

}  // namespace howdah
