// What the program does besides serving: stop and reload a running gateway, check the configuration, explain a route,
// print the sample file, be the agent beside a server, ask the running gateway one SHOW.
#pragma once

#include "gateway/cli.hpp"
#include "gateway/configuration.hpp"

namespace howdah {

FilePaths file_paths(const CommandLine& line);

ExitCode run_stop(const CommandLine& line);
ExitCode run_reload(const CommandLine& line);
ExitCode run_check(const CommandLine& line);
ExitCode run_route(const CommandLine& line);
ExitCode run_agent(const CommandLine& line);
ExitCode run_sample();
ExitCode run_show(const CommandLine& line);

// Prints all findings on stderr.
void print_findings(const Findings& findings);

}  // namespace howdah
