#include "failover/io/executor.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include "base/io/clock.hpp"

namespace howdah::failover {

namespace {

constexpr auto kLookAgain = std::chrono::seconds(2);
constexpr auto kOpenAgain = std::chrono::milliseconds(500);  // where there is none: the host may be back at any moment
constexpr Duration kOpenLimit = 2s;

}  // namespace

NodeExecutor::NodeExecutor(const health::NodeOptions& node, health::Credentials credentials, Report report)
    : report_(std::move(report)),
      connection_(node.host, node.port, std::move(credentials)),
      step_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  thread_.start([this] { work(); });
}

NodeExecutor::~NodeExecutor() {
  thread_.stop([this] {
    const std::lock_guard lock(mutex_);  // so that the thread cannot look before and sleep after
    wake_.notify_all();
    eventfd_write(step_fd_, 1);
  });
  ::close(step_fd_);
}

void NodeExecutor::run(RunSql step) {
  {
    const std::lock_guard lock(mutex_);
    steps_.push_back(std::move(step));
  }
  wake_.notify_all();
  eventfd_write(step_fd_, 1);
}

void NodeExecutor::work() {
  keep_ready();
  for (;;) {
    std::unique_lock lock(mutex_);
    const std::chrono::milliseconds pause = connection_.is_open() ? kLookAgain : kOpenAgain;
    const bool has_work = wake_.wait_for(lock, pause, [this] { return thread_.is_stopping() || !steps_.empty(); });
    if (thread_.is_stopping()) return;
    eventfd_t steps = 0;
    eventfd_read(step_fd_, &steps);
    if (!has_work) {
      lock.unlock();
      keep_ready();
      continue;
    }
    const RunSql step = std::move(steps_.front());
    steps_.pop_front();
    lock.unlock();
    report_(carry_out(step));
  }
}

// A login costs 5 to 600 ms on a busy host, and a failover needs several: it has taken place before. A step that comes
// meanwhile breaks the attempt off, unless the host has accepted it: then it is sooner there than another one.
void NodeExecutor::keep_ready() {
  if (connection_.is_open() && connection_.check_idle()) connection_.close();
  if (!connection_.is_open()) connection_.open(monotonic_now() + kOpenLimit, step_fd_, {}, thread_.stop_fd());
}

// A kept connection that turns out to be broken before anything was answered is opened anew once: every step may be
// repeated (failover/sources.hpp).
SqlDone NodeExecutor::carry_out(const RunSql& step) {
  SqlDone done{.id = step.id, .node = step.node};
  const bool was_open = connection_.is_open();
  auto failure = run_statements(step, done);
  if (failure && was_open && !connection_.is_open() && failure->kind == health::FailureKind::lost) {
    done.rows.clear();
    failure = run_statements(step, done);
  }
  done.is_ok = !failure;
  if (failure) {
    done.sqlstate = std::move(failure->sqlstate);
    done.error = std::move(failure->text);
  }
  return done;
}

std::optional<health::PgFailure> NodeExecutor::run_statements(const RunSql& step, SqlDone& done) {
  if (!connection_.is_open())
    if (auto failure = connection_.open(step.deadline, thread_.stop_fd())) return failure;
  for (const std::string& statement : step.statements) {
    health::PgRows rows;
    if (auto failure = connection_.query(statement, rows, step.deadline, thread_.stop_fd())) return failure;
    auto& first = done.rows.emplace_back();
    if (!rows.empty())
      for (auto& value : rows.front()) first.push_back(value.value_or(""));
  }
  return std::nullopt;
}

}  // namespace howdah::failover
