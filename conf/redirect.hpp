// One item of the *_redirect_preference_list parameters: pattern:node or pattern:node(weight).
#pragma once

#include "base/ids.hpp"
#include "base/result.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace howdah {

struct RedirectPreference {
  enum class Target { primary, standby, node };

  std::string pattern;  // POSIX extended regular expression for the whole name, in any case
  Target target = Target::primary;
  std::optional<NodeId> node = {};  // with Target::node
  double weight = 1;                // probability, 0 .. 1, of following the preference
};

Result<RedirectPreference> parse_redirect(std::string_view item);

}  // namespace howdah
