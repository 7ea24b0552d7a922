// SCRAM-SHA-256 and SCRAM-SHA-256-PLUS, both sides (RFC 5802, RFC 7677; PostgreSQL manual "55.3.1 SCRAM-SHA-256
// Authentication"). The server side recovers the client's key from a correct proof, and the client side can log in
// with such a key: so a gateway that stores only verifiers can pass a client on without ever seeing a password.
// Randomness comes in; secrets are compared in constant time. Channel binding is tls-server-end-point (RFC 5929); the
// hash of the certificate comes in. Pure procedures, used by client_login and server_login.
#pragma once

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "gateway/login/credential.hpp"
#include "gateway/login/scram_verifier.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace howdah::login {

inline constexpr std::string_view kScramMechanism = "SCRAM-SHA-256";
inline constexpr std::string_view kScramPlusMechanism = "SCRAM-SHA-256-PLUS";
inline constexpr std::size_t kScramNonceSize = 18;  // random bytes, before base64; PostgreSQL's
// Random bytes as the printable text that a nonce must be.
std::string make_scram_nonce(Bytes random);

// The server's side of one exchange.
class ScramServer {
 public:
  struct Options {
    ScramVerifier verifier;
    bool is_doomed = false;   // no such user: go through it, then fail
    std::string tls_binding;  // empty: channel binding was not offered
    std::string nonce;        // printable; make_scram_nonce
  };
  explicit ScramServer(const Options& options);

  // Takes the client's first message and returns ours. Error: protocol_violation, or hba_rejected for channel binding.
  Result<std::string> on_first(std::string_view mechanism, std::string_view client_first);
  // Takes the client's last message and returns ours; nothing if the proof is wrong.
  Result<std::optional<std::string>> on_final(std::string_view client_final);
  bool has_started() const { return !server_first_.empty(); }
  // Valid after on_final succeeded.
  ScramKeys keys() const;

 private:
  Result<void> read_binding(std::string_view mechanism, std::string_view& rest);
  Result<void> check_binding(std::string_view binding) const;
  std::optional<std::string> check_proof(std::string_view auth_message, std::string_view proof);

  ScramVerifier verifier_;
  bool is_doomed_;
  std::string tls_binding_;
  std::string server_nonce_;
  std::string gs2_header_;
  std::string client_first_bare_;
  std::string nonce_;  // the client's and ours
  std::string server_first_;
  std::string client_key_;
};

// The client's side of one exchange.
class ScramClient {
 public:
  struct Options {
    ServerCredential credential;  // PlainPassword or ScramKeys
    std::string tls_binding;      // hash of the server's certificate; empty: no TLS
    bool server_offers_plus = false;
    std::string nonce;  // printable; make_scram_nonce
    KnownScramKeys* known_keys = nullptr;  // kept by the caller, if it is to log in often
  };
  explicit ScramClient(const Options& options);

  std::string_view mechanism() const { return uses_binding_ ? kScramPlusMechanism : kScramMechanism; }
  std::string first() const;
  // Takes the server's first message and returns our last. Error: nothing was proved to the server.
  Result<std::string> on_first(std::string_view server_first);
  // Checks that the server knows the secret too.
  Result<void> on_final(std::string_view server_final);
  bool has_proved() const { return !server_signature_.empty(); }
  // The server has shown that it knows the secret.
  bool has_finished() const { return has_finished_; }

 private:
  Result<ScramKeys> keys_for(std::string_view salt, int iterations) const;

  ServerCredential credential_;
  KnownScramKeys* known_keys_;
  std::string tls_binding_;
  bool uses_binding_;
  std::string gs2_header_;
  std::string client_first_bare_;
  std::string client_nonce_;
  std::string server_signature_;
  bool has_finished_ = false;
};

}  // namespace howdah::login
