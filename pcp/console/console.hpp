// PgBouncer's console: takes a command of one of its clients and answers it, at once or when what it orders has come about.
// Reports are in console_reports.cpp; what may be ordered when, in gate.cpp; this joins them with the workers.
// Pure; on the control thread.
#pragma once

#include "base/log.hpp"
#include "pcp/console/answer.hpp"
#include "pcp/console/console_surface.hpp"
#include "pcp/console/facts.hpp"
#include "pcp/console/gate.hpp"
#include "pcp/console/grammar.hpp"
#include "pcp/control_surface.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>

namespace howdah::pcp {

struct ConsoleAsk {
  SessionId asker = {};
  std::string user = {};
  bool is_admin = false;
  std::string text = {};
};

class Console {
 public:
  using Then = std::function<void(Result<ConsoleAnswer>)>;

  // Both surfaces and the log outlive it.
  Console(ControlSurface& control, ConsoleSurface& data_path, Log& log)
      : control_(control), data_path_(data_path), log_(log) {}

  // `then` is called once; not at all by a SHUTDOWN that ends the process at once.
  void run(const ConsoleAsk& ask, Then then);
  // The asker cancels the command that it waits for: it is answered with an error, and a PAUSE is taken back.
  void withdraw(SessionId asker);
  // Looks at the counters, for the averages of the statistics. To be called every stats_period.
  void look();

 private:
  enum class Goal { none_left, none_retired, all_sent };  // the first two of the server connections
  struct Wait {
    SessionId asker;
    DatabaseName database;
    Goal goal;
    std::string tag;
    bool undoes_pause = false;  // when it is withdrawn
    Then then;
    std::optional<Instant> limit = {};  // clients that are in its way then are sent away
  };
  struct CommandRow {
    std::string_view name;
    void (Console::*run)(const ConsoleAsk& ask, const ConsoleCommand& command, Then then);
    bool needs_admin = true;
    bool takes_argument = true;
  };
  static const CommandRow* find(std::string_view name);

  void show(const ConsoleAsk& ask, const ConsoleCommand& command, Then then);
  void set(const ConsoleAsk& ask, const ConsoleCommand& command, Then then);
  void pause(const ConsoleAsk& ask, const ConsoleCommand& command, Then then);
  void resume(const ConsoleAsk& ask, const ConsoleCommand& command, Then then);
  void disable(const ConsoleAsk& ask, const ConsoleCommand& command, Then then);
  void enable(const ConsoleAsk& ask, const ConsoleCommand& command, Then then);
  void reconnect(const ConsoleAsk& ask, const ConsoleCommand& command, Then then);
  void kill(const ConsoleAsk& ask, const ConsoleCommand& command, Then then);
  void kill_client(const ConsoleAsk& ask, const ConsoleCommand& command, Then then);
  void suspend(const ConsoleAsk& ask, const ConsoleCommand& command, Then then);
  void wait_close(const ConsoleAsk& ask, const ConsoleCommand& command, Then then);
  void reload(const ConsoleAsk& ask, const ConsoleCommand& command, Then then);
  void shutdown(const ConsoleAsk& ask, const ConsoleCommand& command, Then then);

  // Refuses, or gives the orders as the gate has them now to all workers and answers the tag.
  void order(const Result<void>& allowed, std::string tag, Then then);
  void give_orders(std::function<void()> then);
  void begin_wait(Wait wait);
  void watch(std::uint64_t number);
  bool is_reached(const Wait& wait, const GatewayStats& stats) const;
  void send_away_in_time(Wait& wait, const GatewayStats& stats);
  void end_wait(std::uint64_t number, const Result<ConsoleAnswer>& answer);
  void end_pauses(const DatabaseName& database);

  ControlSurface& control_;
  ConsoleSurface& data_path_;
  Log& log_;
  Gate gate_;
  TrafficAverage average_;
  std::map<std::uint64_t, Wait> waits_;  // by number
  std::uint64_t waits_begun_ = 0;
};

}  // namespace howdah::pcp
