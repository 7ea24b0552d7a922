// Answers GET and HEAD over HTTP/1.1, one request at a time per connection, on the control thread's io_context. It knows
// nothing of what is asked; a request has no body, a small head and little time.
#pragma once

#include "base/instant.hpp"
#include "pcp/io/acceptor.hpp"
#include "pcp/metrics/exposition.hpp"

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace howdah::pcp {

struct HttpListenerOptions {
  std::vector<std::string> addresses = {"localhost"};  // names, addresses or "*"
  std::uint16_t port = 0;                              // 0: one that is free, see port()
  Duration request_time = 10s;                         // to send a request, and to take its answer
  Duration idle_time = 60s;                            // between requests
  std::size_t max_connections = 64;
};

class HttpListener {
 public:
  // Given the path of a request, calls back once, on the same thread, possibly at once.
  using Answerer = std::function<void(const std::string& path, std::function<void(HttpAnswer)> then)>;

  HttpListener(boost::asio::io_context& loop, HttpListenerOptions options, Answerer answerer, Log& log);
  ~HttpListener();
  HttpListener(const HttpListener&) = delete;
  HttpListener& operator=(const HttpListener&) = delete;

  // Binds everything or nothing; the error names what could not be had.
  Result<void> open();
  std::uint16_t port() const { return acceptor_.port(); }

 private:
  class Connection;

  void admit(UniqueFd client);

  boost::asio::io_context& loop_;
  HttpListenerOptions options_;
  Answerer answerer_;
  Log& log_;
  std::set<std::shared_ptr<Connection>> connections_;  // shared with their pending callbacks
  Acceptor acceptor_;
};

}  // namespace howdah::pcp
