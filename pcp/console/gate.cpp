#include "pcp/console/gate.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "pcp/console/answer.hpp"

namespace howdah::pcp {

namespace {

Error turned_away(std::string text) { return {ErrorCode::console_command, std::move(text)}; }

Result<void> check_name(std::string_view verb, const DatabaseName& database) {
  if (database && *database == kConsoleName) return turned_away(fmt::format("cannot {} admin db: {}", verb, *database));
  return {};
}

Result<void> check_given(std::string_view verb, const DatabaseName& database) {
  if (!database) return turned_away("a database is required");
  return check_name(verb, database);
}

}  // namespace

Result<void> Gate::check_mode() const {
  if (orders_.is_paused || orders_.is_suspended) return turned_away("already suspended/paused");
  return {};
}

Result<void> Gate::pause(const DatabaseName& database) {
  if (auto mode = check_mode(); !mode) return mode;
  if (auto name = check_name("pause", database); !name) return name;
  (database ? orders_.databases[*database].is_paused : orders_.is_paused) = true;
  return {};
}

Result<void> Gate::resume(const DatabaseName& database) {
  if (auto name = check_name("resume", database); !name) return name;
  if (!database) {
    if (!orders_.is_paused && !orders_.is_suspended) return turned_away("pooler is not paused/suspended");
    orders_.is_paused = orders_.is_suspended = false;
    return {};
  }
  const DatabaseOrders* own = orders_.find(*database);
  if (own == nullptr || !own->is_paused) return turned_away(fmt::format("database {} is not paused", *database));
  orders_.databases[*database].is_paused = false;
  return {};
}

Result<void> Gate::disable(const DatabaseName& database) {
  if (auto name = check_given("disable", database); !name) return name;
  orders_.databases[*database].is_disabled = true;
  return {};
}

Result<void> Gate::enable(const DatabaseName& database) {
  if (auto name = check_given("enable", database); !name) return name;
  orders_.databases[*database].is_disabled = false;
  return {};
}

Result<void> Gate::reconnect(const DatabaseName& database, Instant now) {
  if (auto name = check_name("reconnect", database); !name) return name;
  (database ? orders_.databases[*database].retire_before : orders_.retire_before) = now;
  return {};
}

Result<void> Gate::kill(const DatabaseName& database) {
  if (auto mode = check_mode(); !mode) return mode;
  if (auto name = check_name("kill", database); !name) return name;
  (database ? orders_.databases[*database].is_paused : orders_.is_paused) = true;
  return {};
}

Result<void> Gate::suspend() {
  if (auto mode = check_mode(); !mode) return mode;
  const auto is_paused = [](const auto& entry) { return entry.second.is_paused; };
  if (std::ranges::any_of(orders_.databases, is_paused)) return turned_away("cannot suspend with paused databases");
  orders_.is_suspended = true;
  return {};
}

Result<void> Gate::check_wait(const DatabaseName& database) const {
  if (database && *database == kConsoleName) return turned_away(fmt::format("cannot wait in admin db: {}", *database));
  return {};
}

}  // namespace howdah::pcp
