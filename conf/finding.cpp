#include "conf/finding.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace howdah {

bool has_errors(const Findings& findings) {
  return std::any_of(findings.begin(), findings.end(),
                     [](const Finding& finding) { return finding.level == FindingLevel::error; });
}

bool has_kind(const Findings& findings, FindingKind kind) {
  return std::any_of(findings.begin(), findings.end(), [kind](const Finding& finding) { return finding.kind == kind; });
}

std::string_view level_name(FindingLevel level) {
  switch (level) {
    case FindingLevel::notice:
      return "notice";
    case FindingLevel::warning:
      return "warning";
    case FindingLevel::error:
      return "error";
  }
  return "error";
}

std::string to_text(const Place& place) {
  return place.line > 0 ? fmt::format("{}:{}", place.file, place.line) : place.file;
}

std::string to_text(const Finding& finding) {
  const std::string where = to_text(finding.place);
  return fmt::format("{}{}{}: {}", where, where.empty() ? "" : ": ", level_name(finding.level), finding.message);
}

}  // namespace howdah
