#include "pcp/console/console.hpp"

#include "pcp/console/config_names.hpp"
#include "pcp/console/console_reports.hpp"
#include "pcp/console/driver_talk.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>

namespace howdah::pcp {

namespace {

constexpr std::string_view kSuspendTimeout = "suspend_timeout";
constexpr Duration kWatchPeriod = 10ms;  // how soon what a command waits for is noticed

Error refused(std::string text, std::string hint = {}) {
  return {ErrorCode::console_command, std::move(text), {}, std::move(hint)};
}

ConsoleAnswer tagged(std::string tag) { return {.tag = std::move(tag)}; }

// A database nobody has used may be a slip of the pen, or one whose first client comes later.
ConsoleAnswer tagged(std::string tag, const DatabaseName& database, bool is_known) {
  ConsoleAnswer answer = tagged(std::move(tag));
  if (database && !is_known) answer.notice = fmt::format("no client has used database \"{}\" since the start", *database);
  return answer;
}

}  // namespace

const Console::CommandRow* Console::find(std::string_view name) {
  static constexpr auto kCommands = std::to_array<CommandRow>({
      {"show", &Console::show, false},
      {"set", &Console::set, false},
      {"pause", &Console::pause},
      {"resume", &Console::resume},
      {"disable", &Console::disable},
      {"enable", &Console::enable},
      {"reconnect", &Console::reconnect},
      {"kill", &Console::kill},
      {"kill_client", &Console::kill_client},
      {"suspend", &Console::suspend, true, false},
      {"wait_close", &Console::wait_close},
      {"reload", &Console::reload, true, false},
      {"shutdown", &Console::shutdown},
  });
  for (const CommandRow& row : kCommands)
    if (row.name == name) return &row;
  return nullptr;
}

void Console::run(const ConsoleAsk& ask, Then then) {
  const auto command = parse_console_command(ask.text);
  if (!command) return then(command.error());
  if (auto answer = answer_driver(*command)) return then(std::move(*answer));
  const CommandRow* row = find(command->name);
  const bool is_well_formed =
      row != nullptr && command->has_one_argument && (row->takes_argument || !command->argument);
  if (!is_well_formed) return then(invalid_command(ask.text));
  if (row->needs_admin && !ask.is_admin) return then(refused("admin access needed"));
  if (row->needs_admin) log_.info("console command user=\"{}\" command=\"{}\"", ask.user, ask.text);
  (this->*row->run)(ask, *command, std::move(then));
}

// ---- reports

void Console::show(const ConsoleAsk& ask, const ConsoleCommand& command, Then then) {
  const PgbouncerCompatibility version = control_.settings()->howdah.pgbouncer_compatibility();
  const std::string name = to_lower(command.argument.value_or(""));
  if (name == "fds")
    return then(refused("SHOW FDS is not supported", "It would hand out sockets and passwords."));
  const ConsoleReport* report = find_console_report(name, version);
  if (report == nullptr) return then(invalid_command(ask.text));
  control_.collect_stats(report->needs, [this, report, then = std::move(then)](GatewayStats stats) {
    ConsoleFacts facts{.facts = {.view = control_.view(), .settings = control_.settings(), .stats = std::move(stats),
                                 .version = control_.version()},
                       .orders = gate_.orders(),
                       .averages = average_.averages(),
                       .now = data_path_.wall_clock()};
    then(report->make(facts));
  });
}

void Console::look() {
  control_.collect_stats({}, [this](const GatewayStats& stats) { average_.look(sum_traffic(stats), data_path_.now()); });
}

// ---- settings and the program

void Console::set(const ConsoleAsk& ask, const ConsoleCommand& command, Then then) {
  if (!ask.is_admin) return then(refused("admin access needed"));
  const std::string key = to_lower(*command.argument);
  const std::string tag = fmt::format("SET {}={}", *command.argument, *command.value);
  const std::string_view own = own_name_of(key);
  log_.info("console command user=\"{}\" command=\"{}\"", ask.user, ask.text);
  if (is_without_meaning(key, *control_.settings())) {
    ConsoleAnswer answer = tagged(tag);
    answer.notice = fmt::format("\"{}\" has no effect here", key);
    return then(std::move(answer));
  }
  if (auto done = data_path_.set_parameter(own, *command.value); !done)
    return then(refused("SET failed", done.error().message));
  then(tagged(tag));
}

void Console::reload(const ConsoleAsk&, const ConsoleCommand&, Then then) {
  control_.reload([then = std::move(then)](Result<void> outcome) {
    if (!outcome)
      return then(Error{ErrorCode::configuration, "RELOAD failed, see logs for additional details",
                        outcome.error().message});
    then(tagged("RELOAD"));
  });
}

void Console::shutdown(const ConsoleAsk& ask, const ConsoleCommand& command, Then then) {
  const std::string how = to_lower(command.argument.value_or(""));
  if (!how.empty() && how != "wait_for_servers" && how != "wait_for_clients") return then(invalid_command(ask.text));
  const StopMode mode = how.empty() ? StopMode::immediate : how == "wait_for_servers" ? StopMode::fast : StopMode::smart;
  control_.stop(mode, [mode, then = std::move(then)](Result<void> outcome) {
    if (!outcome) return then(refused(outcome.error().message));
    // As PgBouncer: the end of the connection is the answer, so that nobody takes it for done while the process lives.
    if (mode != StopMode::immediate) then(tagged("SHUTDOWN"));
  });
}

// ---- orders

void Console::give_orders(std::function<void()> then) {
  data_path_.give_orders(std::make_shared<const StandingOrders>(gate_.orders()), std::move(then));
}

void Console::order(const Result<void>& allowed, std::string tag, Then then) {
  if (!allowed) return then(allowed.error());
  give_orders([tag = std::move(tag), then = std::move(then)] { then(tagged(tag)); });
}

void Console::pause(const ConsoleAsk& ask, const ConsoleCommand& command, Then then) {
  const bool was_paused = gate_.orders().of(command.argument.value_or("")).is_paused;
  if (auto allowed = gate_.pause(command.argument); !allowed) return then(allowed.error());
  begin_wait({ask.asker, command.argument, Goal::none_left, "PAUSE", !was_paused, std::move(then)});
}

void Console::resume(const ConsoleAsk&, const ConsoleCommand& command, Then then) {
  const auto allowed = gate_.resume(command.argument);
  if (allowed) end_pauses(command.argument);
  order(allowed, "RESUME", std::move(then));
}

void Console::disable(const ConsoleAsk&, const ConsoleCommand& command, Then then) {
  order(gate_.disable(command.argument), "DISABLE", std::move(then));
}

void Console::enable(const ConsoleAsk&, const ConsoleCommand& command, Then then) {
  order(gate_.enable(command.argument), "ENABLE", std::move(then));
}

void Console::reconnect(const ConsoleAsk&, const ConsoleCommand& command, Then then) {
  order(gate_.reconnect(command.argument, data_path_.now()), "RECONNECT", std::move(then));
}

// Nothing more is read of the clients; what is on its way to them must be taken in time.
void Console::suspend(const ConsoleAsk& ask, const ConsoleCommand&, Then then) {
  if (auto allowed = gate_.suspend(); !allowed) return then(allowed.error());
  const Duration limit = control_.settings()->pool.suspend_timeout();
  Wait wait{ask.asker, std::nullopt, Goal::all_sent, "SUSPEND", true, std::move(then)};
  if (limit > 0s) wait.limit = data_path_.now() + limit;
  begin_wait(std::move(wait));
}

// Paused first, so that nobody gets a new connection while clients are sent away.
void Console::kill(const ConsoleAsk&, const ConsoleCommand& command, Then then) {
  if (auto allowed = gate_.kill(command.argument); !allowed) return then(allowed.error());
  give_orders([this, database = command.argument, then = std::move(then)] {
    data_path_.evict({.database = database, .message = "database removed"},
                     [then](std::size_t) { then(tagged("KILL")); });
  });
}

void Console::kill_client(const ConsoleAsk&, const ConsoleCommand& command, Then then) {
  const std::string text = command.argument.value_or("");
  std::uint32_t number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc{} || end != text.data() + text.size()) return then(refused("invalid client pointer supplied"));
  control_.collect_stats({}, [this, number, then = std::move(then)](const GatewayStats& stats) {
    for (const WorkerStats& worker : stats.workers)
      for (const ClientStats& client : worker.clients)
        if (client.is_logged_in && client.pid == number)
          return data_path_.evict({.client = client.id, .message = "admin forced disconnect"}, [then](std::size_t count) {
            count > 0 ? then(tagged("KILL_CLIENT")) : then(refused("client not found"));
          });
    then(refused("client not found"));
  });
}

// ---- what is waited for

void Console::wait_close(const ConsoleAsk& ask, const ConsoleCommand& command, Then then) {
  if (auto allowed = gate_.check_wait(command.argument); !allowed) return then(allowed.error());
  begin_wait({ask.asker, command.argument, Goal::none_retired, "WAIT_CLOSE", false, std::move(then)});
}

// The first look is taken when all workers know the orders: from then on none of them opens what would be counted.
void Console::begin_wait(Wait wait) {
  const std::uint64_t number = ++waits_begun_;
  waits_.emplace(number, std::move(wait));
  give_orders([this, number] { watch(number); });
}

void Console::watch(std::uint64_t number) {
  control_.collect_stats({}, [this, number](const GatewayStats& stats) {
    const auto found = waits_.find(number);
    if (found == waits_.end()) return;  // withdrawn
    Wait& wait = found->second;
    bool is_known = false;
    for (const WorkerStats& worker : stats.workers)
      for (const PoolStats& pool : worker.pools) is_known = is_known || pool.database == wait.database;
    if (is_reached(wait, stats)) return end_wait(number, tagged(wait.tag, wait.database, is_known));
    send_away_in_time(wait, stats);
    data_path_.call_later(kWatchPeriod, [this, number] { watch(number); });
  });
}

bool Console::is_reached(const Wait& wait, const GatewayStats& stats) const {
  if (wait.goal == Goal::none_left) return data_path_.server_connections(wait.database) == 0;
  for (const WorkerStats& worker : stats.workers) {
    for (const ServerStats& server : worker.servers) {
      const bool is_concerned = !wait.database || server.database == *wait.database;
      if (wait.goal == Goal::none_retired && server.is_retired && is_concerned) return false;
    }
    for (const ClientStats& client : worker.clients)
      if (wait.goal == Goal::all_sent && client.has_unsent && !client.is_console) return false;
  }
  return true;
}

void Console::send_away_in_time(Wait& wait, const GatewayStats& stats) {
  if (!wait.limit || data_path_.now() < *wait.limit) return;
  wait.limit.reset();
  for (const WorkerStats& worker : stats.workers)
    for (const ClientStats& client : worker.clients)
      if (client.has_unsent && !client.is_console)
        data_path_.evict({.client = client.id, .message = std::string(kSuspendTimeout)}, [](std::size_t) {});
}

void Console::end_wait(std::uint64_t number, const Result<ConsoleAnswer>& answer) {
  const Then then = std::move(waits_.at(number).then);
  waits_.erase(number);
  then(answer);
}

// Somebody else resumed what they are still pausing.
void Console::end_pauses(const DatabaseName& database) {
  for (auto it = waits_.begin(); it != waits_.end();) {
    const auto& [number, wait] = *it++;
    if (wait.goal != Goal::none_retired && wait.database == database)
      end_wait(number, refused(fmt::format("{} was ended by RESUME before it was complete", wait.tag)));
  }
}

void Console::withdraw(SessionId asker) {
  for (auto it = waits_.begin(); it != waits_.end();) {
    const auto& [number, wait] = *it++;
    if (wait.asker != asker) continue;
    const bool resumes = wait.undoes_pause && gate_.resume(wait.database).has_value();
    end_wait(number, Error{ErrorCode::canceled, "canceling statement due to user request"});
    if (resumes) give_orders([] {});
  }
}

}  // namespace howdah::pcp
