#include "failover/io/recovery_runner.hpp"

#include <poll.h>

#include <utility>

#include "base/assert.hpp"
#include "base/io/clock.hpp"

namespace howdah::failover {

namespace {

constexpr Duration kConnectLimit = 10s;
// The script's limit is the operator's patience; a dead primary is noticed by its connection's keepalive.
constexpr Instant kNoLimit = Instant(std::chrono::hours(24 * 365 * 100));

RecoveryOutcome outcome_of(const std::optional<health::PgFailure>& failure, bool is_connected, health::PgRows rows) {
  RecoveryOutcome outcome{.is_ok = !failure, .is_connected = is_connected};
  if (failure) outcome.sqlstate = failure->sqlstate, outcome.error = failure->text;
  if (!rows.empty())
    for (auto& value : rows.front()) outcome.row.push_back(value.value_or(""));
  return outcome;
}

// The hands of one recovery.
class Recoverer {
 public:
  Recoverer(const RecoveryJob& job, const RecoveryRunner::Surroundings& surroundings, int stop_fd)
      : job_(job),
        surroundings_(surroundings),
        stop_fd_(stop_fd),
        primary_(job.task.primary.host, job.task.primary.port, job.login) {}

  RecoveryOutcome perform(const AskPrimary& action) {
    health::PgRows rows;
    if (!primary_.is_open())
      if (auto failure = primary_.open(monotonic_now() + kConnectLimit, stop_fd_))
        return outcome_of(failure, false, {});
    auto failure = primary_.query(action.sql, rows, kNoLimit, stop_fd_);
    return outcome_of(failure, true, std::move(rows));
  }
  RecoveryOutcome perform(const AskNode& action) {
    health::Credentials login = job_.login;
    login.database = action.database;
    health::PgConnection node(job_.task.node.host, job_.task.node.port, std::move(login));
    health::PgRows rows;
    auto failure = node.open(action.deadline, stop_fd_);
    const bool is_connected = !failure;
    if (!failure) failure = node.query(action.sql, rows, action.deadline, stop_fd_);
    return outcome_of(failure, is_connected, std::move(rows));
  }
  RecoveryOutcome perform(const Pause& action) {
    pollfd stop{stop_fd_, POLLIN, 0};
    poll(&stop, 1, static_cast<int>(std::chrono::duration_cast<milliseconds>(action.length).count()));
    return {};
  }
  RecoveryOutcome perform(const Attach&) {
    const Result<void> attached = surroundings_.attach(job_.task.node.id);
    return attached ? RecoveryOutcome{} : RecoveryOutcome{.is_ok = false, .error = attached.error().message};
  }
  RecoveryOutcome perform(const LookAtNode&) {
    const ClusterViewPtr view = surroundings_.view();
    const NodeView* node = view->find(job_.task.node.id);
    if (node != nullptr && node->is_usable()) return {};
    return {.is_ok = false, .error = node == nullptr ? "it is not configured any more" : node->down_reason};
  }
  RecoveryOutcome perform(const Finished&) { return {}; }

 private:
  const RecoveryJob& job_;
  const RecoveryRunner::Surroundings& surroundings_;
  int stop_fd_;
  health::PgConnection primary_;
};

}  // namespace

RecoveryRunner::RecoveryRunner(Log& log, Surroundings surroundings)
    : log_(log), surroundings_(std::move(surroundings)) {
  thread_.start([this] { work(); });
}

RecoveryRunner::~RecoveryRunner() {
  thread_.stop([this] {
    const std::lock_guard lock(mutex_);  // so that the thread cannot look before and sleep after
    wake_.notify_all();
  });
}

void RecoveryRunner::run(RecoveryJob job) {
  const std::lock_guard lock(mutex_);
  HOWDAH_ASSERT(!is_busy_);
  is_busy_ = true;
  next_ = std::move(job);
  wake_.notify_all();
}

void RecoveryRunner::work() {
  for (;;) {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [this] { return thread_.is_stopping() || next_; });
    if (thread_.is_stopping()) return;
    const RecoveryJob job = *std::exchange(next_, std::nullopt);
    lock.unlock();
    const NodeId node = job.task.node.id;
    log_.info("online recovery begins node={} primary={} script=\"{}\"", node.value, job.task.primary.id.value,
              job.task.script);
    Result<void> result = carry_out(job);
    if (result) log_.info("online recovery done node={}", node.value);
    else log_.error("online recovery failed node={} reason=\"{}\"", node.value, to_text(result.error()));
    is_busy_ = false;
    job.then(std::move(result));
  }
}

Result<void> RecoveryRunner::carry_out(const RecoveryJob& job) {
  OnlineRecovery recovery(job.task);
  Recoverer recoverer(job, surroundings_, thread_.stop_fd());
  RecoveryOutcome outcome;
  while (!thread_.is_stopping()) {
    const RecoveryAction action = recovery.step(outcome, monotonic_now());
    if (const auto* finished = std::get_if<Finished>(&action)) return finished->result;
    outcome = std::visit([&](const auto& what) { return recoverer.perform(what); }, action);
  }
  return Error{ErrorCode::shutting_down, "Howdah is shutting down", "the script on the primary may still be running"};
}

}  // namespace howdah::failover
