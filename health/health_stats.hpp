// The counters behind pcp_health_check_stats and SHOW POOL_HEALTH_CHECK_STATS; the tracker counts, reports format.
// A check is one question to a node together with its retries.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/instant.hpp"

namespace howdah::health {

struct HealthCheckStats {
  std::uint64_t total = 0;
  std::uint64_t succeeded = 0;
  std::uint64_t failed = 0;
  std::uint64_t skipped = 0;  // the node was down or detached: asked, but not judged
  std::uint64_t retries = 0;
  std::uint64_t most_retries = 0;  // in one check
  Duration longest = {};
  Duration shortest = {};
  Duration sum = {};  // mean = sum / (succeeded + failed)
  std::optional<WallTime> last_check = {};
  std::optional<WallTime> last_success = {};
  std::optional<WallTime> last_skip = {};
  std::optional<WallTime> last_failure = {};

  void count(bool is_success, Duration took, WallTime at) {
    const bool is_first = succeeded + failed == 0;
    ++total;
    ++(is_success ? succeeded : failed);
    longest = std::max(longest, took);
    shortest = is_first ? took : std::min(shortest, took);
    sum += took;
    last_check = at;
    (is_success ? last_success : last_failure) = at;
  }
  void end_round(std::uint64_t round_retries) {
    retries += round_retries;
    most_retries = std::max(most_retries, round_retries);
  }

  double mean_retries() const { return total == 0 ? 0 : static_cast<double>(retries) / static_cast<double>(total); }
  double mean_ms() const {
    const auto judged = succeeded + failed;
    if (judged == 0) return 0;
    return std::chrono::duration<double, std::milli>(sum).count() / static_cast<double>(judged);
  }
};

}  // namespace howdah::health
