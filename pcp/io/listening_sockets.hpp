// Sockets that accept for one purpose (PCP, HTTP), on TCP addresses and in the file system. Lives on the control thread's
// io_context: all functions are called there, or before it runs.
#pragma once

#include "base/instant.hpp"
#include "base/log.hpp"
#include "base/result.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace howdah::pcp {

class ListeningSockets {
 public:
  using Admit = std::function<void(int descriptor)>;  // a client's socket, not blocking, which it owns from now on

  // `purpose` is for errors and log lines: "PCP".
  ListeningSockets(boost::asio::io_context& loop, std::string_view purpose, Admit admit, Log& log);
  ~ListeningSockets();
  ListeningSockets(const ListeningSockets&) = delete;
  ListeningSockets& operator=(const ListeningSockets&) = delete;

  // A name, an address or "*". Port 0 is one that is free; `port` then tells which. The error names what could not be had.
  Result<void> open_tcp(const std::string& address, std::uint16_t& port);
  Result<void> open_unix(const std::string& path);
  void accept();  // from now on
  void close();   // also after an error, for what was opened before it

 private:
  void listen_on(int descriptor);
  void wait_for_client(std::size_t index);
  void pause(std::size_t index);
  Error cannot_listen(const std::string& where, int error) const;

  boost::asio::io_context& loop_;
  std::string purpose_;
  Admit admit_;
  Log& log_;
  std::vector<boost::asio::posix::stream_descriptor> listening_;
  std::vector<std::string> socket_files_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // watched by callbacks that may come after the end
};

// "127.0.0.1:5432", or "local".
std::string peer_of(int descriptor);

}  // namespace howdah::pcp
