// Asks an HTTP service that has several addresses, over one kept connection: the address that answered last is asked
// first, then each of the others once. Blocks the calling thread until the answer or the deadline; stop() ends that
// from another thread. One caller at a time.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/instant.hpp"
#include "base/result.hpp"
#include "conf/service_url.hpp"

namespace howdah::failover {

struct HttpOptions {
  std::vector<ServiceUrl> urls = {};
  std::string ca_file = {};   // for https; empty: the system's
  std::string user = {};      // for basic authentication; empty: none
  std::string password = {};
};

struct HttpRequest {
  std::string target = {};
  std::string body = {};           // of a POST; empty: a GET
  std::string authorization = {};  // the header; empty: as the options say
  bool is_repeatable = true;       // false: once it has left, nobody else is asked and it is not sent again
};

struct HttpAnswer {
  int status = 0;
  std::string body = {};
};

class HttpClient {
 public:
  explicit HttpClient(HttpOptions options);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // The first answer that tells no trouble of the server's own (status 500 and above). One address gets at most
  // `per_address` for connecting and as much for answering.
  Result<HttpAnswer> ask(const HttpRequest& request, Duration per_address);
  // Asked first from now on; an address that is none of the options' changes nothing.
  void prefer(const ServiceUrl& url);
  const ServiceUrl& current() const;  // that answered last, or is asked next
  void stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace howdah::failover
