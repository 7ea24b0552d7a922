// What the console needs of the data path beyond pcp/control_surface.hpp, under the same rules: every function is called
// on the control thread, every callback comes there, nothing blocks. gateway/app implements it.
#pragma once

#include "base/result.hpp"
#include "gateway/standing_orders.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace howdah::pcp {

class ConsoleSurface {
 public:
  virtual ~ConsoleSurface() = default;

  virtual Instant now() const = 0;
  virtual WallTime wall_clock() const = 0;
  virtual void call_later(Duration delay, std::function<void()> call) = 0;

  // `then`: every worker works by them.
  virtual void give_orders(StandingOrdersPtr orders, std::function<void()> then) = 0;
  // Connections to servers, of one database or of all: counted from the attempt to open one until it is closed.
  virtual std::size_t server_connections(const std::optional<std::string>& database) = 0;
  // `then` gets the number of clients that were sent away.
  virtual void evict(Eviction eviction, std::function<void(std::size_t)> then) = 0;
  // Changes a parameter of the running gateway as a reload would, until the next one.
  virtual Result<void> set_parameter(std::string_view name, std::string_view value) = 0;
};

}  // namespace howdah::pcp
