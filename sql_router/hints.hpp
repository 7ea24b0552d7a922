// Hints in the comments that stand before a statement: /*howdah: read_consistency=eventual*/. Names and values are those
// of the gateway's own settings; several are separated by blanks or commas. Only comments before the first word count,
// so that nothing an application quotes further on can be mistaken for one.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "conf/enums.hpp"

namespace howdah {

struct Hints {
  std::optional<ReadConsistency> read_consistency = {};
  std::string unreadable = {};  // the first word that means nothing; empty if all is well
};

// Costs one comparison where the text does not begin with a comment.
Hints read_hints(std::string_view text);

// A value of read_consistency by its name, in any case.
std::optional<ReadConsistency> read_consistency_named(std::string_view name);

}  // namespace howdah
