// `howdah agent`: the program beside a PostgreSQL server (agent/README.md).
#include <signal.h>
#include <sys/signalfd.h>

#include "agent/agent_options.hpp"
#include "agent/io/agent_listener.hpp"
#include "conf/io/files.hpp"
#include "conf/load.hpp"
#include "gateway/io/log_sink.hpp"
#include "gateway/options.hpp"
#include "gateway/verbs.hpp"

namespace howdah {

namespace {

// Readable once the agent is to end. Before any thread is made, so that all inherit the mask.
int watch_signals() {
  ::signal(SIGPIPE, SIG_IGN);
  sigset_t ends;
  sigemptyset(&ends);
  for (const int number : {SIGTERM, SIGINT, SIGQUIT}) sigaddset(&ends, number);
  ::sigprocmask(SIG_BLOCK, &ends, nullptr);
  return ::signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK);
}

}  // namespace

// Only parameters of the agent and of the log count in its file: no pool_hba.conf, no passwords of others, and no rules
// between parameters of a gateway.
ExitCode run_agent(const CommandLine& line) {
  Loaded loaded = load_settings({file_paths(line).config, file_reader(), process_environment()});
  std::erase_if(loaded.findings, [](const Finding& finding) { return finding.kind == FindingKind::conflict; });
  print_findings(loaded.findings);
  if (has_errors(loaded.findings)) return ExitCode::fatal;
  const int stop_fd = watch_signals();
  LogSink log(log_options(loaded.settings, line.has_debug));
  const auto options = agent::options_from_settings(loaded.settings);
  if (!options) {
    log.error("cannot start why=\"{}\"", to_text(options.error()));
    return ExitCode::fatal;
  }
  agent::AgentListener listener(*options, log, stop_fd);
  if (const auto opened = listener.open(); !opened) {
    log.error("cannot start why=\"{}\"", to_text(opened.error()));
    return ExitCode::fatal;
  }
  listener.run();
  return ExitCode::ok;
}

}  // namespace howdah
