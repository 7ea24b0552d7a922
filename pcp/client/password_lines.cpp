#include "pcp/client/password_lines.hpp"

#include "pcp/login.hpp"

namespace howdah::pcp {

std::string md5_entry(std::string_view user, std::string_view password) {
  return "md5" + md5_hex(std::string(password).append(user));
}

std::string with_password(std::string_view file_text, std::string_view user, std::string_view entry) {
  const std::string begin = std::string(user) + ":";
  const std::string line = begin + std::string(entry);
  std::string out;
  bool is_done = false;
  while (!file_text.empty()) {
    const auto end = file_text.find('\n');
    const std::string_view old = file_text.substr(0, end);
    file_text.remove_prefix(end == std::string_view::npos ? file_text.size() : end + 1);
    const bool is_users = !is_done && old.starts_with(begin);
    is_done = is_done || is_users;
    out.append(is_users ? std::string_view(line) : old).push_back('\n');
  }
  if (!is_done) out.append(line).push_back('\n');
  return out;
}

}  // namespace howdah::pcp
