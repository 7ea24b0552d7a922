// Loads a pgpool.conf given as text, with further files and environment, and finds what was said about a line.
#pragma once

#include "conf/load.hpp"

#include <fmt/format.h>

#include <fstream>
#include <map>
#include <sstream>
#include <string>

namespace howdah {

struct TextFiles {
  std::map<std::string, std::string> files;

  FileReader reader() const {
    return [this](const std::string& path) -> Result<std::string> {
      const auto found = files.find(path);
      if (found == files.end()) return Error{ErrorCode::environment, path + ": no such file"};
      return found->second;
    };
  }
};

inline constexpr const char* kConfPath = "/etc/pgpool.conf";
inline constexpr const char* kTwoNodes =
    "backend_hostname0 = 'a'\nbackend_port0 = 5432\nbackend_hostname1 = 'b'\nbackend_port1 = 5432\n"
    "sr_check_user = 'monitor'\n";

inline Loaded load_text(const std::string& text, const Environment& environment = {}) {
  const TextFiles files{{{kConfPath, text}}};
  return load_settings({kConfPath, files.reader(), environment});
}

// Two nodes, then the text: line 1 of the text is line 6 of the file.
// A text that does not say who promotes a standby is made to: else a warning asks.
inline Loaded load_after_nodes(const std::string& text) {
  const bool says_who = text.find("failover_") != std::string::npos;
  return load_text(kTwoNodes + text + (says_who ? "" : "failover_mode = none\n"));
}

// All findings, a line each.
inline std::string said(const Findings& findings) {
  std::string text;
  for (const Finding& finding : findings) text += to_text(finding) + "\n";
  return text;
}

inline const Finding* finding_with(const Findings& findings, std::string_view part) {
  for (const Finding& finding : findings)
    if (to_text(finding).find(part) != std::string::npos) return &finding;
  return nullptr;
}

inline std::string read_test_file(const std::string& name) {
  std::ifstream file(std::string(TEST_SOURCE_DIR) + "/conf/files/" + name);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace howdah
