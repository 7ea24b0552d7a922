#include "gateway/import.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "conf/io/files.hpp"
#include "conf/pgbouncer_import.hpp"
#include "gateway/verbs.hpp"

namespace howdah {

namespace {

struct OutputFile {
  std::string path;
  const std::string& text;
  unsigned mode;
};

}  // namespace

ExitCode run_import(const CommandLine& line) {
  const ImportedFiles imported = import_pgbouncer(line.import_file, line.output_directory, line.import_servers, file_reader());
  print_findings(imported.findings);
  if (has_errors(imported.findings)) {
    fmt::print(stderr, "nothing was written\n");
    return ExitCode::fatal;
  }
  const std::array files{OutputFile{line.output_directory + "/pgpool.conf", imported.pgpool_conf, imported.holds_password ? 0600U : 0644U},
                         OutputFile{line.output_directory + "/pool_hba.conf", imported.pool_hba, 0644},
                         OutputFile{line.output_directory + "/pool_passwd", imported.pool_passwd, 0600}};
  for (const OutputFile& file : files) {
    if (line.may_overwrite || ::access(file.path.c_str(), F_OK) != 0) continue;
    fmt::print(stderr, "{}: exists; nothing was written (--overwrite replaces it, -o names another directory)\n", file.path);
    return ExitCode::usage;
  }
  for (const OutputFile& file : files) {
    if (const auto written = write_file(file.path, file.text, file.mode, line.may_overwrite); !written) {
      fmt::print(stderr, "{}\n", to_text(written.error()));
      return ExitCode::fatal;
    }
    fmt::print("{}: written\n", file.path);
  }
  const auto is_missing = [](const Finding& finding) { return finding.level == FindingLevel::warning; };
  return std::any_of(imported.findings.begin(), imported.findings.end(), is_missing) ? ExitCode::partly : ExitCode::ok;
}

}  // namespace howdah
