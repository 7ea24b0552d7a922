// The gateway's side: asks one agent, over a connection that is kept between questions. Not thread-safe; each thread has its own.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "agent/io/tls_link.hpp"
#include "agent/protocol.hpp"

namespace howdah::agent {

class AgentConnection {
 public:
  AgentConnection(std::string host, std::uint16_t port, TlsFiles files);

  // An error: there was no report; the agent may have begun all the same. A kept connection that turns out to be broken is
  // opened anew once: every command may be repeated.
  Result<Report> ask(const Request& request, Instant deadline, int stop_fd);

 private:
  Result<void> open(Instant deadline, int stop_fd);
  Result<Report> ask_once(const Request& request, Instant deadline, int stop_fd);

  std::string host_;
  std::uint16_t port_;
  TlsFiles files_;
  std::unique_ptr<TlsLink> link_;
};

}  // namespace howdah::agent
