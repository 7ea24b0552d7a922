// .pcppass: lines host:port:user:password, `*` for any in the first three, a backslash before `:` and backslash. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace howdah::pcp {

// The password of the first line that fits. For the default socket directory the host is "localhost".
std::optional<std::string> find_password(std::string_view file_text, std::string_view host, std::string_view port,
                                         std::string_view user);

}  // namespace howdah::pcp
