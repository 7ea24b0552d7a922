// Dates as Pgpool shows them: "2026-11-21 04:08:45", in the machine's time zone (TZ or /etc/localtime).
#pragma once

#include "base/instant.hpp"

#include <optional>
#include <string>

namespace howdah::pcp {

std::string to_date_text(WallTime time);
std::string to_date_text(std::optional<WallTime> time);  // empty without one

}  // namespace howdah::pcp
