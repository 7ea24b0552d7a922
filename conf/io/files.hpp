// The shell of this folder: reads files and the environment, and looks at permissions. Blocking; called at start and
// reload on the control thread.
#pragma once

#include "conf/finding.hpp"

#include <optional>
#include <string>

namespace howdah {

Result<std::string> read_file(const std::string& path);
// Makes the file, or replaces it where `may_overwrite` says so. `mode` as of chmod.
Result<void> write_file(const std::string& path, const std::string& text, unsigned mode, bool may_overwrite);
FileReader file_reader();
Environment process_environment();

// A warning if others than the owner may read the file (group reading is usual for secrets mounted in containers, and
// is left alone if the file belongs to root). Nothing if it does not exist.
Findings check_secret_file(const std::string& path);

// The AES key: the first line of the file. Nothing, and a finding, if others may read it (Pgpool ignores it, too);
// nothing and no finding if there is no file.
std::optional<std::string> read_key_file(const std::string& path, Findings& findings);

// The key file without -k: PGPOOLKEYFILE, else ~/.pgpoolkey. Empty if there is no home.
std::string default_key_file(const Environment& environment);

}  // namespace howdah
