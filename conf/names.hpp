// Names that came and went, and PgBouncer's names for what Pgpool names otherwise. One table; the loader warns with the
// name that counts here and takes the value where the meaning is the same.
#pragma once

#include "conf/settings.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace howdah {

enum class NameFate {
  renamed,  // an older Pgpool's name, same meaning
  foreign,  // PgBouncer's name, same meaning
  gone,     // no longer, or not yet, a parameter: the value is not used
};

struct OtherName {
  std::string_view name;  // families without the number
  NameFate fate;
  std::string_view now;  // the name that counts; or, if gone, what to do
};

const OtherName* find_other_name(std::string_view name);

// "backend_hostname12" is {"backend_hostname", 12}. Nothing if there is no number, it has a leading zero, or is too
// long.
struct NumberedName {
  std::string family;
  int number = 0;
};
std::optional<NumberedName> split_number_off(std::string_view name);

// The known name most like this one; empty if none is near.
std::string nearest_name(const Settings& settings, std::string_view name);

}  // namespace howdah
