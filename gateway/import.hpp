// `howdah --import`: reads PgBouncer's files, writes Howdah's beside one another, and tells what has no counterpart.
#pragma once

#include "gateway/cli.hpp"

namespace howdah {

// ok: everything has its counterpart; partly: written, and told what has none; usage: a file would be overwritten;
// fatal: mistakes, nothing was written.
ExitCode run_import(const CommandLine& line);

}  // namespace howdah
