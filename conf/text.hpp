// The grammar of pgpool.conf: text to assignments, each with file and line. Knows nothing about parameters.
// `key = value` or `key value`, one a line; # comments; 'strings' in which '' is one quote and \' does not end the
// string (the backslash stays, as in Pgpool); include 'file', relative to the including file.
#pragma once

#include "conf/finding.hpp"

#include <string>
#include <vector>

namespace howdah {

struct Assignment {
  std::string name;
  std::string value;  // without quotes
  Place place;
};

struct ConfigText {
  std::vector<Assignment> assignments = {};  // in the order in which they count; the last of a name wins
  Findings findings = {};
  bool is_whole = true;  // every file was read and every line understood
};

// `path` itself and what it includes. A file that cannot be read is an error.
ConfigText parse_config(const std::string& path, const FileReader& read);

}  // namespace howdah
