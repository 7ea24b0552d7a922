// Accepts clients for one purpose (PCP, HTTP). Lives on the control thread's io_context: all functions are called there, or
// before it runs.
#pragma once

#include "base/instant.hpp"
#include "base/io/listening_sockets.hpp"
#include "base/io/socket.hpp"
#include "base/log.hpp"
#include "base/result.hpp"

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace howdah::pcp {

class Acceptor {
 public:
  using Admit = std::function<void(UniqueFd client)>;  // not blocking

  // `purpose` is for errors and log lines: "PCP".
  Acceptor(boost::asio::io_context& loop, std::string_view purpose, Admit admit, Log& log);
  ~Acceptor();
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  // Listens on everything or nothing, and accepts from now on; the error names what could not be had.
  Result<void> open(const ListenOptions& options);
  void close();
  std::uint16_t port() const { return port_; }

 private:
  void wait_for_client(std::size_t index);
  void pause(std::size_t index);

  boost::asio::io_context& loop_;
  std::string purpose_;
  Admit admit_;
  Log& log_;
  std::uint16_t port_ = 0;
  std::vector<ListeningSocket> sockets_;
  std::vector<boost::asio::posix::stream_descriptor> waiting_;  // one for each socket, which owns the descriptor
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // watched by callbacks that may come after the end
};

// "127.0.0.1:5432", or "local".
std::string peer_of(int descriptor);

// What Asio makes of it.
boost::asio::generic::stream_protocol::socket as_asio_socket(boost::asio::io_context& loop, UniqueFd client);

}  // namespace howdah::pcp
