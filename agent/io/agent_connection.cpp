#include "agent/io/agent_connection.hpp"

#include <fmt/format.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/io/clock.hpp"

namespace howdah::agent {

namespace {

constexpr Duration kConnectLimit = 3s;  // TCP and TLS

Error unreachable(std::string detail) { return {ErrorCode::command_failed, "the agent cannot be reached", std::move(detail)}; }

Result<int> connect_to(const addrinfo& address, Instant deadline, int stop_fd) {
  const int fd = socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return unreachable(std::strerror(errno));
  const auto fail = [fd](std::string why) -> Result<int> {
    ::close(fd);
    return unreachable(std::move(why));
  };
  if (::connect(fd, address.ai_addr, address.ai_addrlen) == 0) return fd;
  if (errno != EINPROGRESS) return fail(std::strerror(errno));
  const auto left = std::chrono::ceil<milliseconds>(deadline - monotonic_now()).count();
  std::array<pollfd, 2> fds{{{fd, POLLOUT, 0}, {stop_fd, POLLIN, 0}}};
  if (poll(fds.data(), fds.size(), static_cast<int>(std::max<long>(left, 0))) <= 0 || fds[1].revents != 0)
    return fail("no answer in time");
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  return error == 0 ? Result<int>(fd) : fail(std::strerror(error));
}

}  // namespace

AgentConnection::AgentConnection(std::string host, std::uint16_t port, TlsFiles files)
    : host_(std::move(host)), port_(port), files_(std::move(files)) {}

// The files are read anew for each connection: certificates are renewed while the gateway runs.
Result<void> AgentConnection::open(Instant deadline, int stop_fd) {
  auto context = TlsContext::make(files_, TlsSide::gateway);
  if (!context) return context.error();
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const std::string port = fmt::to_string(port_);
  if (const int failed = getaddrinfo(host_.c_str(), port.c_str(), &hints, &found); failed != 0)
    return unreachable(gai_strerror(failed));
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> addresses(found, &freeaddrinfo);
  Error last = unreachable("it has no address");
  for (const addrinfo* address = found; address != nullptr; address = address->ai_next) {
    auto fd = connect_to(*address, deadline, stop_fd);
    if (!fd) {
      last = fd.error();
      continue;
    }
    auto link = std::make_unique<TlsLink>(*fd, *context);
    if (auto done = link->connect(host_, deadline, stop_fd); !done) return done.error();
    link_ = std::move(link);
    return {};
  }
  return last;
}

Result<Report> AgentConnection::ask(const Request& request, Instant deadline, int stop_fd) {
  const bool was_open = link_ != nullptr;
  auto report = ask_once(request, deadline, stop_fd);
  if (!report && was_open && monotonic_now() < deadline) report = ask_once(request, deadline, stop_fd);
  return report;
}

Result<Report> AgentConnection::ask_once(const Request& request, Instant deadline, int stop_fd) {
  if (!link_)
    if (auto opened = open(std::min(deadline, monotonic_now() + kConnectLimit), stop_fd); !opened) return opened.error();
  const auto drop = [this](const Error& error) -> Result<Report> {
    link_.reset();  // an answer that comes later must not be taken for that of the next question
    return error;
  };
  if (auto written = link_->write_line(to_line(request), deadline, stop_fd); !written) return drop(written.error());
  auto line = link_->read_line(deadline, stop_fd);
  if (!line) return drop(line.error());
  auto report = parse_report(*line);
  return report ? report : drop(report.error());
}

}  // namespace howdah::agent
