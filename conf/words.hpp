// Small text tools of the parsers in this folder.
#pragma once

#include "base/ascii.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace howdah::conf {

std::string lower_case(std::string_view text);  // ASCII

// Foreign text for a message: at most 60 characters, control characters as \xNN.
std::string shown(std::string_view text);

// Items between separators, blanks trimmed, one pair of double quotes stripped, empty items left out.
// A backslash before the separator makes it part of the item.
std::vector<std::string> split_list(std::string_view text, char separator);
std::string escaped_item(std::string_view item, char separator);  // what split_list reads back

std::string join(const std::vector<std::string_view>& words, std::string_view between);
std::string quoted(std::string_view text);  // as a string of pgpool.conf

// Lines without their line ends (LF or CRLF).
std::vector<std::string_view> lines_of(std::string_view text);

// How many characters must change to make one word of the other; counts no further than `limit`.
std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t limit);

}  // namespace howdah::conf
