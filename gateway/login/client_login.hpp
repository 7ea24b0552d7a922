// Logs one client in: from its StartupMessage to "this is who it says", by the method pool_hba.conf chose and the
// secret stored for the user (manual "55.2.1 Start-up", "55.3 SASL Authentication"). It also finds out what opens
// server connections for that client. Errors are PostgreSQL's own, SQLSTATE and text; what would tell an attacker
// something is only in log_detail. A user that does not exist goes through the same exchange as one that does.
// A procedure: start(), then step() with each chunk of bytes until it is done. On the client's worker.
#pragma once

#include "base/bytes.hpp"
#include "base/errors.hpp"
#include "gateway/login/credential.hpp"
#include "gateway/login/scram.hpp"
#include "gateway/wire/frame.hpp"

#include <array>
#include <optional>
#include <string>
#include <variant>

namespace howdah::login {

enum class AuthMethod {
  trust,
  reject,    // a line says so
  no_entry,  // no line matches
  password,
  md5,
  scram_sha_256,
  cert,
  follow_secret,  // enable_pool_hba = off: what the stored secret allows
};

struct ClientLoginFacts {
  AuthMethod method = AuthMethod::no_entry;
  StoredSecret secret;  // NoSecret: the user is not listed
  bool asks_auth_query = false;  // no file lists the user: the secret is to be looked up before the login begins
  std::string user;
  std::string database;
  std::string host = "[local]";  // numeric address as text
  bool is_replication = false;
  bool allow_clear_text = false;  // allow_clear_text_frontend_auth; looked at by follow_secret only

  bool has_tls = false;
  std::string tls_binding;       // tls-server-end-point: hash of our certificate; empty: do not offer it
  std::string certificate_name;  // common name of the client's verified certificate, if it showed one

  // For PlainPassword: its verifier from an earlier login (scram_verifier_for_plain), which saves 4096 hash rounds.
  std::optional<ScramVerifier> known_verifier;

  std::array<char, 4> md5_salt{};                   // random
  std::array<char, kScramNonceSize> scram_nonce{};  // random
  std::string mock_secret;                          // random once per process: hides which users exist
};

struct LoginPending {};  // send what was appended, give the next bytes
// The client is who it says. The caller sends AuthenticationOk and what follows it, once it has the parameters.
struct ClientLoginDone {
  ServerCredential credential;
  // The client gave a password that nobody has checked: its first server login decides, before AuthenticationOk.
  bool needs_server_check = false;
};
struct ClientLoginFailed {
  Error error;             // for the client
  std::string log_detail;  // for the log only
};
using ClientLoginStep = std::variant<LoginPending, ClientLoginDone, ClientLoginFailed>;

class ClientLogin {
 public:
  explicit ClientLogin(ClientLoginFacts facts);

  // Appends the first request to `out`. May be done or failed at once.
  ClientLoginStep start(std::string& out);
  // Takes the client's answer off the front of `input`; what comes after it stays.
  ClientLoginStep step(Bytes& input, std::string& out);

 private:
  enum class State { password, md5, scram, over };

  ClientLoginStep start_password(std::string& out);
  ClientLoginStep start_md5(std::string& out);
  ClientLoginStep start_scram(std::string& out);
  ClientLoginStep start_follow_secret(std::string& out);
  ClientLoginStep on_answer(Bytes body, std::string& out);
  ClientLoginStep check_password(Bytes body);
  ClientLoginStep check_md5(Bytes body);
  ClientLoginStep check_scram_first(Bytes body, std::string& out);
  ClientLoginStep check_scram_final(Bytes body, std::string& out);
  ClientLoginStep wrong_password(std::string log_detail) const;

  ClientLoginFacts facts_;
  State state_ = State::over;
  wire::FrameScanner scanner_{wire::Sender::client};
  wire::Assembler assembler_;
  std::optional<ScramServer> scram_;
  std::optional<std::string> mechanism_;  // chosen by the client
};

// The Errors of the two refusals that need no exchange.
Error rejected_by_hba(const ClientLoginFacts& facts);
Error no_hba_entry(const ClientLoginFacts& facts);

}  // namespace howdah::login
