// What reading a configuration has to say: every mistake and every remark, each with its place, all at once.
#pragma once

#include "base/result.hpp"

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace howdah {

// How the contents of a file come into this pure folder.
using FileReader = std::function<Result<std::string>(const std::string& path)>;
using Environment = std::map<std::string, std::string>;

struct Place {
  std::string file = {};  // or "environment variable X"
  int line = 0;           // 0: the whole file
};

enum class FindingLevel { notice, warning, error };

enum class FindingKind {
  syntax,        // the line is not understood
  bad_value,     // the value is not one of this parameter
  unknown_name,  // no such parameter
  renamed,       // an old or foreign name, taken as another
  no_effect,     // known, without effect here
  unsupported,   // known, not supported, and it would be missed
  conflict,      // parameters that do not go together
  remark,
};

struct Finding {
  FindingKind kind = FindingKind::remark;
  FindingLevel level = FindingLevel::notice;
  Place place = {};
  std::string message = {};
};

using Findings = std::vector<Finding>;

bool has_errors(const Findings& findings);
bool has_kind(const Findings& findings, FindingKind kind);
std::string_view level_name(FindingLevel level);
std::string to_text(const Place& place);      // "pgpool.conf:12"
std::string to_text(const Finding& finding);  // "pgpool.conf:12: error: ..."

}  // namespace howdah
