// A text with its literals taken out: applications that write their values into the text send the same shape again and
// again. ParseCache asks for it before every lookup, so it is one pass and allocates nothing once the buffer has grown.
//
// Taken out are numbers and plain '...' strings; one byte that no shape holds otherwise stands for each: one for whole
// numbers the grammar takes as Iconst (up to 2^31 - 1), one for other numbers, one for strings. Everything else is kept
// byte by byte, blanks and comments too. So texts of one shape are the same tokens for PostgreSQL's scanner (manual,
// section 4.1) but for the values, and the parser takes them alike. The exceptions are the classifier's business
// (depends_on_literals).
//
// Where this scanner and PostgreSQL's could part ways there is no shape: a backslash in a string (its meaning hangs on
// standard_conforming_strings), E'' U&'' B'' X'' N'' and U&"", dollar quotes, junk after a number, `..`, control
// characters, anything left open.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace howdah {

// Longer texts are bulk loads: they seldom come twice in the same shape.
constexpr std::size_t kMaxShapedText = 16 * 1024;

// Nothing if the text has no shape, or no literal: then it is its own. The shape lies in `buffer`.
std::optional<std::string_view> shape_of(std::string_view text, std::string& buffer);

}  // namespace howdah
