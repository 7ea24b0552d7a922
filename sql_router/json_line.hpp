// One line of PostgreSQL's jsonlog: an object of strings and numbers, without anything nested.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace howdah {

// The string that stands under this name; nothing if there is none, or the line is no such object up to there.
std::optional<std::string> json_member(std::string_view line, std::string_view name);

}  // namespace howdah
