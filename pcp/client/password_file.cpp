#include "pcp/client/password_file.hpp"

#include <vector>

namespace howdah::pcp {

namespace {

// The fields of a line; what follows the third colon is the password, with colons of its own only if escaped.
std::vector<std::string> split_line(std::string_view line) {
  std::vector<std::string> fields(1);
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\\' && i + 1 < line.size()) {
      fields.back().push_back(line[++i]);
    } else if (line[i] == ':' && fields.size() < 4) {
      fields.emplace_back();
    } else {
      fields.back().push_back(line[i]);
    }
  }
  return fields;
}

bool fits(const std::string& pattern, std::string_view value) { return pattern == "*" || pattern == value; }

}  // namespace

std::optional<std::string> find_password(std::string_view file_text, std::string_view host, std::string_view port,
                                         std::string_view user) {
  while (!file_text.empty()) {
    const auto end = file_text.find('\n');
    std::string_view line = file_text.substr(0, end);
    file_text.remove_prefix(end == std::string_view::npos ? file_text.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.starts_with('#')) continue;
    const auto fields = split_line(line);
    if (fields.size() == 4 && fits(fields[0], host) && fits(fields[1], port) && fits(fields[2], user)) return fields[3];
  }
  return std::nullopt;
}

}  // namespace howdah::pcp
