// What PAUSE, RESUME, DISABLE, ENABLE, RECONNECT, KILL and SUSPEND do to the standing orders, and when they are refused, in
// PgBouncer's words. Pure.
#pragma once

#include "base/result.hpp"
#include "gateway/standing_orders.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace howdah::pcp {

using DatabaseName = std::optional<std::string>;  // nothing: all of them

class Gate {
 public:
  Result<void> pause(const DatabaseName& database);
  Result<void> resume(const DatabaseName& database);
  Result<void> disable(const DatabaseName& database);
  Result<void> enable(const DatabaseName& database);
  Result<void> reconnect(const DatabaseName& database, Instant now);
  // The database stays paused until RESUME.
  Result<void> kill(const DatabaseName& database);
  Result<void> suspend();
  Result<void> check_wait(const DatabaseName& database) const;

  const StandingOrders& orders() const { return orders_; }

 private:
  Result<void> check_mode() const;

  StandingOrders orders_;
};

}  // namespace howdah::pcp
