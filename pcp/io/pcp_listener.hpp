// Accepts PCP connections on TCP addresses and Unix sockets and owns them. Runs on the control thread's io_context; all
// functions are called there (open() before it runs).
#pragma once

#include "pcp/io/acceptor.hpp"
#include "pcp/io/pcp_socket.hpp"

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace howdah::pcp {

struct PcpListenerOptions {
  std::vector<std::string> addresses = {"localhost"};  // names, addresses or "*"; empty: no TCP
  std::uint16_t port = 9898;                           // 0: one that is free, see port()
  std::vector<std::string> socket_directories = {};    // for .s.PGSQL.<port>
  Duration login_time = 60s;                           // Pgpool has no limit; a port scanner shall not stay
  std::size_t max_connections = 64;
};

class PcpListener {
 public:
  PcpListener(boost::asio::io_context& loop, PcpListenerOptions options, ControlSurface& surface, UserLookup users,
              Log& log);
  ~PcpListener();
  PcpListener(const PcpListener&) = delete;
  PcpListener& operator=(const PcpListener&) = delete;

  // Binds everything or nothing; the error names what could not be had.
  Result<void> open();
  // No new connections; answers being sent still leave.
  void close();

  std::uint16_t port() const { return acceptor_.port(); }
  std::size_t connection_count() const { return connections_.size(); }

 private:
  void admit(UniqueFd client);
  bool make_room();

  boost::asio::io_context& loop_;
  PcpListenerOptions options_;
  ControlSurface& surface_;
  UserLookup users_;
  Log& log_;
  std::vector<std::shared_ptr<PcpSocket>> connections_;  // the oldest first; shared with their pending callbacks
  Acceptor acceptor_;
};

}  // namespace howdah::pcp
