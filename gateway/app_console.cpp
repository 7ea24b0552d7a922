// The PgBouncer console's side of App: commands in, orders to the workers out (pcp/console/console_surface.hpp).
#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include "base/io/clock.hpp"
#include "conf/reload.hpp"
#include "conf/walk.hpp"
#include "gateway/app.hpp"
#include "gateway/session/reconnect_order.hpp"

namespace howdah {

namespace {

TextTable to_table(pcp::ConsoleAnswer answer) {
  TextTable table;
  table.columns = std::move(answer.columns);
  for (const pcp::CellType type : answer.types) table.types.push_back(static_cast<std::uint32_t>(type));
  table.rows = std::move(answer.rows);
  table.command_tag = std::move(answer.tag);
  table.notice = std::move(answer.notice);
  table.notice_detail = std::move(answer.notice_detail);
  return table;
}

}  // namespace

void App::answer_console(const LocalQuestion& question, std::function<void(Result<TextTable>)> then) {
  console_.run({question.asker, question.user, question.console == ConsoleRole::admin, question.command},
               [then = std::move(then)](Result<pcp::ConsoleAnswer> answer) {
                 answer ? then(to_table(std::move(*answer))) : then(answer.error());
               });
}

// The servers' database may have several names for clients, each with pools of its own.
void App::free_database(LocalQuestion order, std::function<void(Result<TextTable>)> then) {
  order.console = ConsoleRole::admin;  // the session's own, whoever its client is
  const std::string database = reconnected_database(order.command);
  std::vector<std::string> commands{order.command};
  for (const DatabaseSettings& own : settings_->databases) {
    if (own.database_dbname() != database || own.database_name() == database) continue;
    commands.push_back(own.database_name() == kEveryOther ? "RECONNECT" : reconnect_order(own.database_name()));
  }
  // Shared by the orders that are not carried out yet.
  auto missing = std::make_shared<std::size_t>(commands.size());
  for (std::string& command : commands) {
    order.command = std::move(command);
    answer_console(order, [missing, then](Result<TextTable> answer) {
      if (--*missing == 0) then(std::move(answer));
    });
  }
}

// Also while nobody may use the console: a reload may let somebody in, and the averages then cover the time before.
void App::watch_traffic() {
  console_.look();
  stats_timer_.expires_after(settings_->pool.stats_period());
  stats_timer_.async_wait([this](const boost::system::error_code& failed) {
    if (!failed) watch_traffic();
  });
}

// ---- pcp::ConsoleSurface

Instant App::now() const { return monotonic_now(); }

WallTime App::wall_clock() const { return wall_now(); }

void App::call_later(Duration delay, std::function<void()> call) {
  // Shared by its own handler, which keeps it alive.
  auto timer = std::make_shared<boost::asio::steady_timer>(io_, std::chrono::duration_cast<std::chrono::nanoseconds>(delay));
  timer->async_wait([timer, call = std::move(call)](const boost::system::error_code& failed) {
    if (!failed) call();
  });
}

void App::give_orders(StandingOrdersPtr orders, std::function<void()> then) {
  // Shared by the workers that still owe their acknowledgement.
  auto missing = std::make_shared<std::size_t>(workers_.size());
  for (auto& worker : workers_)
    worker->set_orders(orders, [this, missing, then] {
      post([missing, then] {
        if (--*missing == 0) then();
      });
    });
}

std::size_t App::server_connections(const std::optional<std::string>& database) { return budget_->used_by(database); }

void App::evict(Eviction eviction, std::function<void(std::size_t)> then) {
  struct Collection {
    std::size_t missing;
    std::size_t count = 0;
    std::function<void(std::size_t)> then;
  };
  // Shared by the workers that still owe their part.
  auto collection = std::make_shared<Collection>(Collection{workers_.size(), 0, std::move(then)});
  for (auto& worker : workers_)
    worker->evict(eviction, [this, collection](std::size_t count) {
      post([collection, count] {
        collection->count += count;
        if (--collection->missing == 0) collection->then(collection->count);
      });
    });
}

Result<void> App::set_parameter(std::string_view name, std::string_view value) {
  Loaded wanted{.settings = *settings_};
  ParamBase* param = find_param(wanted.settings, name);
  if (param == nullptr) return Error{ErrorCode::unknown_parameter, fmt::format("there is no parameter \"{}\"", name)};
  if (param->change() == Change::restart)
    return Error{ErrorCode::command_failed, fmt::format("\"{}\" changes only at a restart", name)};
  if (auto taken = param->assign(value); !taken) return taken.error();
  Reloaded changed = reload_settings(*settings_, wanted);
  if (changed.is_refused) return Error{ErrorCode::configuration, "the parameters do not go together"};
  return adopt(std::move(changed));
}

}  // namespace howdah
