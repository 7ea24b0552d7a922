// Asks one node: a thread with its own kept connection and the state query. Asks when told, and listens to the idle
// connection meanwhile, so that a server that goes away is noticed at once. It judges nothing: what it saw goes to
// `report`, called on the prober's thread.
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <variant>

#include "health/events.hpp"
#include "health/health_options.hpp"
#include "health/io/credentials.hpp"
#include "health/io/pg_connection.hpp"
#include "health/io/stoppable_thread.hpp"

namespace howdah::health {

class PqProber {
 public:
  using Report = std::function<void(std::variant<ProbeAnswered, ProbeFailed>)>;

  PqProber(NodeOptions node, Credentials credentials, Report report);
  ~PqProber();  // ends the thread
  PqProber(const PqProber&) = delete;
  PqProber& operator=(const PqProber&) = delete;

  void ask(Probe probe);  // from the control thread; a question not begun yet is replaced

 private:
  void run();
  void answer(const Probe& probe);
  std::optional<Probe> wait_for_question();
  std::optional<Probe> take_question();
  void listen_idle();

  NodeOptions node_;
  Report report_;
  PgConnection connection_;
  std::mutex mutex_;
  std::optional<Probe> question_;
  int wake_fd_;  // a question, or the end
  StoppableThread thread_;  // its stop also breaks off a question under way
};

}  // namespace howdah::health
