#include "agent/io/agent_listener.hpp"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>

#include "agent/commands.hpp"
#include "base/io/clock.hpp"
#include "base/io/socket.hpp"

namespace howdah::agent {

namespace {

constexpr Duration kHandshakeLimit = 10s;
constexpr Duration kWriteLimit = 30s;
constexpr Duration kLongestSilence = 24h;
constexpr std::size_t kMostTalks = 32;     // two for each gateway are usual
constexpr int kGuardPeriodMs = 500;
constexpr int kBacklog = 16;

}  // namespace

AgentListener::AgentListener(const AgentOptions& options, Log& log, int stop_fd)
    : options_(options),
      log_(log),
      stop_fd_(stop_fd),
      isolation_(options.isolation_timeout),
      server_(
          options, log,
          [this](bool is_in_office) {
            const std::lock_guard lock(isolation_mutex_);
            isolation_.hear(is_in_office, monotonic_now());
          },
          stop_fd) {}

AgentListener::~AgentListener() { end_talks(true); }

Result<void> AgentListener::open() {
  auto context = TlsContext::make(options_.tls, TlsSide::agent);
  if (!context) return context.error();
  tls_ = std::move(*context);
  auto opened = open_listening_sockets(
      {.addresses = options_.listen_addresses, .port = static_cast<std::uint16_t>(options_.port), .backlog = kBacklog});
  if (!opened) return opened.error();
  listening_ = std::move(*opened);
  return {};
}

void AgentListener::run() {
  log_.info("agent started port={} data_directory=\"{}\"", options_.port, options_.data_directory);
  for (;;) {
    std::vector<pollfd> fds{{stop_fd_, POLLIN, 0}};
    for (const ListeningSocket& socket : listening_) fds.push_back({socket.fd(), POLLIN, 0});
    poll(fds.data(), fds.size(), kGuardPeriodMs);
    if (fds[0].revents != 0) break;
    for (std::size_t i = 1; i < fds.size(); ++i)
      if (fds[i].revents != 0) admit(fds[i].fd);
    end_talks(false);
    guard_isolation();
  }
  end_talks(true);
  log_.info("agent stopped");
}

void AgentListener::admit(int listening) {
  UniqueFd client = accept_from(listening).fd;
  if (!client.is_open() || talks_.size() >= kMostTalks) return;
  Talk& entry = talks_.emplace_back();
  entry.thread = std::thread([this, fd = client.release(), &entry] {
    talk(fd);
    entry.is_over = true;
  });
}

void AgentListener::talk(int fd) {
  TlsLink link(fd, *tls_);
  if (auto done = link.accept(monotonic_now() + kHandshakeLimit, stop_fd_); !done) {
    log_.warn("connection refused reason=\"{}\"", to_text(done.error()));
    return;
  }
  const std::string name = link.peer_name();
  if (std::find(options_.gateway_names.begin(), options_.gateway_names.end(), name) == options_.gateway_names.end()) {
    log_.warn("connection refused name=\"{}\" reason=\"it is not one of agent_gateway_names\"", name);
    // Its request is read first: closing with something unread would take the answer back.
    static_cast<void>(link.read_line(monotonic_now() + kHandshakeLimit, stop_fd_));
    const Report report{.error = fmt::format("\"{}\" is not one of agent_gateway_names", name)};
    static_cast<void>(link.write_line(to_line(report), monotonic_now() + kWriteLimit, stop_fd_));
    return;
  }
  for (;;) {
    const auto line = link.read_line(monotonic_now() + kLongestSilence, stop_fd_);
    if (!line) return;
    const auto request = parse_request(*line);
    const Report report = request ? answer(*request) : Report{.error = to_text(request.error())};
    if (!link.write_line(to_line(report), monotonic_now() + kWriteLimit, stop_fd_)) return;
  }
}

Report AgentListener::answer(const Request& request) {
  const Command* command = find_command(request.command);
  if (command == nullptr) return {.error = fmt::format("there is no command \"{}\"", request.command)};
  if (command->privilege == Privilege::read) {
    Report report = command->run(request, server_);
    report.busy = busy();
    return report;
  }
  std::unique_lock changing(change_, std::try_to_lock);
  if (!changing) return {.error = fmt::format("the agent is busy with {}", busy()), .server = server_.look(), .busy = busy()};
  set_busy(command->name);
  log_.info("command begins command={} epoch={} timeline={}", command->name, request.epoch.value, request.timeline.value);
  Report report = command->run(request, server_);
  set_busy("");
  if (report.is_ok()) log_.info("command done command={} did=\"{}\" state={}", command->name, report.did, to_text(report.server.state));
  else log_.error("command failed command={} error=\"{}\"", command->name, report.error);
  return report;
}

// The lock is taken for the stop alone: a look must not turn a gateway's order away.
void AgentListener::guard_isolation() {
  if (options_.isolation_timeout == Duration{}) return;
  const ServerState state = server_.look().state;
  {
    const std::lock_guard lock(isolation_mutex_);
    if (!isolation_.must_stop(state, monotonic_now())) return;
  }
  const std::unique_lock changing(change_, std::try_to_lock);
  if (!changing) return;  // whatever it is, it is the order of a gateway
  set_busy("isolation");
  log_.error("isolated primary is stopped seconds={} hint=\"no gateway that holds it in office was heard\"",
             std::chrono::duration_cast<seconds>(options_.isolation_timeout).count());
  if (!server_.perform(StopServer{"fast"}, {}).error.empty()) server_.perform(StopServer{"immediate"}, {});
  set_busy("");
}

std::string AgentListener::busy() {
  const std::lock_guard lock(busy_mutex_);
  return busy_;
}

void AgentListener::set_busy(std::string_view command) {
  const std::lock_guard lock(busy_mutex_);
  busy_ = command;
}

void AgentListener::end_talks(bool all) {
  for (auto talk = talks_.begin(); talk != talks_.end();) {
    if (!all && !talk->is_over) {
      ++talk;
      continue;
    }
    talk->thread.join();
    talk = talks_.erase(talk);
  }
}

}  // namespace howdah::agent
