// pg_md5's texts: the hash for pcp.conf, and the line of pool_passwd with its place in the file. Pure.
#pragma once

#include <string>
#include <string_view>

namespace howdah::pcp {

// "md5" and md5hex(password + user): what pool_passwd and PostgreSQL's pg_authid hold.
std::string md5_entry(std::string_view user, std::string_view password);

// The file with the user's first line replaced, or a line more at its end. Everything else stays as it is.
std::string with_password(std::string_view file_text, std::string_view user, std::string_view entry);

}  // namespace howdah::pcp
