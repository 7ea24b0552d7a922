#include "pcp/date_text.hpp"

#include <fmt/format.h>

#include <ctime>

namespace howdah::pcp {

std::string to_date_text(WallTime time) {
  const std::time_t seconds = time.time_since_epoch().count();
  std::tm local{};
  localtime_r(&seconds, &local);
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}", local.tm_year + 1900, local.tm_mon + 1, local.tm_mday,
                     local.tm_hour, local.tm_min, local.tm_sec);
}

std::string to_date_text(std::optional<WallTime> time) { return time ? to_date_text(*time) : std::string(); }

}  // namespace howdah::pcp
