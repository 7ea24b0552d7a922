// Lines over TLS with certificates on both sides, on one blocking thread: every wait has a deadline and ends when `stop_fd`
// becomes readable (-1: none).
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "agent/agent_options.hpp"
#include "base/instant.hpp"
#include "base/result.hpp"

namespace howdah::agent {

enum class TlsSide { agent, gateway };

class TlsContext {
 public:
  // The other side must show a certificate that `files.ca` has signed.
  static Result<TlsContext> make(const TlsFiles& files, TlsSide side);

  SSL_CTX* get() const { return context_.get(); }

 private:
  struct Free {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  };
  std::unique_ptr<SSL_CTX, Free> context_;
};

class TlsLink {
 public:
  // Owns `fd`, a connected non-blocking socket.
  TlsLink(int fd, const TlsContext& context);
  ~TlsLink();
  TlsLink(const TlsLink&) = delete;
  TlsLink& operator=(const TlsLink&) = delete;

  Result<void> accept(Instant deadline, int stop_fd);
  // The agent's certificate must be for `host`, a name or an address.
  Result<void> connect(const std::string& host, Instant deadline, int stop_fd);
  Result<std::string> read_line(Instant deadline, int stop_fd);  // without its newline
  Result<void> write_line(std::string line, Instant deadline, int stop_fd);
  std::string peer_name() const;  // common name of its certificate

 private:
  struct Free {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };
  // Repeats `call`, which returns what OpenSSL's functions do, until it succeeds.
  template <typename Call>
  Result<int> repeat(Call call, const char* what, Instant deadline, int stop_fd);

  int fd_;
  std::unique_ptr<SSL, Free> ssl_;
  std::string received_;
};

}  // namespace howdah::agent
