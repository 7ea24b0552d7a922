#include "health/io/pq_prober.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/io/clock.hpp"
#include "health/probe_query.hpp"

namespace howdah::health {

PqProber::PqProber(NodeOptions node, Credentials credentials, Report report)
    : node_(std::move(node)),
      report_(std::move(report)),
      connection_(node_.host, node_.port, std::move(credentials)),
      wake_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  thread_.start([this] { run(); });
}

PqProber::~PqProber() {
  thread_.stop([this] { eventfd_write(wake_fd_, 1); });
  ::close(wake_fd_);
}

void PqProber::ask(Probe probe) {
  {
    const std::lock_guard lock(mutex_);
    question_ = probe;
  }
  eventfd_write(wake_fd_, 1);
}

std::optional<Probe> PqProber::take_question() {
  const std::lock_guard lock(mutex_);
  return std::exchange(question_, std::nullopt);
}

void PqProber::run() {
  while (!thread_.is_stopping())
    if (const auto probe = wait_for_question()) answer(*probe);
}

std::optional<Probe> PqProber::wait_for_question() {
  if (auto probe = take_question()) return probe;
  pollfd fds[2] = {{wake_fd_, POLLIN, 0}, {connection_.socket(), POLLIN, 0}};
  poll(fds, 2, -1);
  if (fds[0].revents != 0) {
    eventfd_t count = 0;
    eventfd_read(wake_fd_, &count);
  }
  if (connection_.is_open() && fds[1].revents != 0) listen_idle();
  return take_question();
}

void PqProber::listen_idle() {
  const Instant now = monotonic_now();
  if (auto failure = connection_.check_idle()) {
    connection_.close();
    report_(ProbeFailed{node_.id, FailureKind::lost, std::move(failure->text), now});
  }
}

void PqProber::answer(const Probe& probe) {
  const Instant asked_at = monotonic_now();
  const Instant deadline = asked_at + probe.timeout;
  const auto report_failure = [&](PgFailure failure) {
    connection_.close();
    if (!thread_.is_stopping()) report_(ProbeFailed{node_.id, failure.kind, std::move(failure.text), asked_at, probe.is_knock});
  };
  if (probe.is_fresh) connection_.close();
  const auto accepted_by =
      probe.connect_timeout > Duration{} ? std::optional(asked_at + probe.connect_timeout) : std::nullopt;
  if (!connection_.is_open())
    if (auto failure = connection_.open(deadline, thread_.stop_fd(), accepted_by)) return report_failure(std::move(*failure));
  PgRows rows;
  const Instant query_at = monotonic_now();
  if (auto failure = connection_.query(std::string(probe_query()), rows, deadline, thread_.stop_fd()))
    return report_failure(std::move(*failure));
  auto result = rows.empty() ? Result<ProbeResult>(Error{ErrorCode::backend_protocol_violation, "no row"})
                             : parse_probe_row(rows.front());
  if (!result) return report_failure({FailureKind::other, {}, to_text(result.error())});
  if (probe.is_knock) connection_.close();
  report_(ProbeAnswered{node_.id, std::move(*result), query_at, probe.is_knock});
}

}  // namespace howdah::health
