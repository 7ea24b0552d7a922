// Checks between parameters: what each row says for itself is right, but together they are not. Pure; run after every
// load and, at a reload, on what would become of the running settings.
#pragma once

#include "conf/finding.hpp"
#include "conf/settings.hpp"

#include <map>
#include <string>

namespace howdah {

using Places = std::map<std::string, Place, std::less<>>;  // where a parameter was set, by its full name

void validate(const Settings& settings, const Places& places, Findings& findings);

}  // namespace howdah
