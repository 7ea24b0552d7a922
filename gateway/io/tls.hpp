// TLS by OpenSSL, directly on the descriptor: contexts made once from the settings, and one SSL object per link.
// Reading the certificates happens at start and reload; contexts are immutable afterwards and shared by the workers
// (OpenSSL counts their references itself).
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "base/result.hpp"
#include "conf/enums.hpp"

namespace howdah {

struct SslFree {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};
using SslPtr = std::unique_ptr<SSL, SslFree>;

struct SslContextFree {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using SslContextPtr = std::unique_ptr<SSL_CTX, SslContextFree>;

enum class TlsFile { certificate, key, authorities, revocations, dh_parameters };
// Whether a file of that kind holds what it should, in PEM.
Result<void> check_tls_file(TlsFile kind, const std::string& text);

struct TlsServerOptions {
  std::string cert_file;
  std::string key_file;
  std::string ca_file;   // verifies the clients' certificates
  std::string ca_dir;
  std::string crl_file;
  bool needs_client_certificate = false;
  std::string ciphers;   // TLS 1.2
  bool prefer_server_ciphers = false;
  std::string curve;
  std::string dh_file;
  std::string key_passphrase;
};

// What clients connect to.
class TlsServer {
 public:
  static Result<TlsServer> make(const TlsServerOptions& settings);

  // A link's TLS, before its handshake.
  SslPtr accept_on(int fd) const;
  // Hash of our certificate for SCRAM channel binding (tls-server-end-point, RFC 5929).
  const std::string& binding() const { return binding_; }

 private:
  SslContextPtr context_;
  std::string binding_;
};

struct TlsClientOptions {
  TlsMode mode = TlsMode::prefer;
  std::string ca_file;
  std::string ca_dir;
  std::string crl_file;
  std::string cert_file;
  std::string key_file;
  std::string ciphers;
};

// What we use towards servers.
class TlsClient {
 public:
  static Result<TlsClient> make(const TlsClientOptions& settings);

  // `host` is checked against the certificate with verify_full, and named to the server.
  SslPtr connect_on(int fd, const std::string& host) const;
  TlsMode mode() const { return mode_; }

 private:
  SslContextPtr context_;
  TlsMode mode_ = TlsMode::disable;
};

// Hash of the peer's certificate for SCRAM channel binding; empty if it showed none.
std::string peer_binding(const SSL* ssl);
// "TLSv1.3/TLS_AES_256_GCM_SHA384".
std::string protocol_and_cipher(const SSL* ssl);
// True if the peer chose "postgresql" by ALPN, which direct TLS requires.
bool has_postgresql_alpn(const SSL* ssl);

}  // namespace howdah
