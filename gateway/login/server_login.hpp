// Logs us in to one PostgreSQL server: StartupMessage, the authentication the server asks for, then its parameters
// and cancel key until ReadyForQuery (manual "55.2.1 Start-up"), then the query of the database's that prepares each connection. It sends no secret the server did not ask for, and
// no SCRAM proof before the server's salt and iterations are those the keys belong to. Errors of the server are
// handed back unchanged. TLS comes before it and is the shell's.
// A procedure: start(), then step() with each chunk of bytes until it is done. On the connection's worker.
#pragma once

#include "base/bytes.hpp"
#include "base/errors.hpp"
#include "gateway/login/client_login.hpp"
#include "gateway/login/credential.hpp"
#include "gateway/login/scram.hpp"
#include "gateway/wire/error_response.hpp"
#include "gateway/wire/frame.hpp"
#include "gateway/wire/parameter_status.hpp"
#include "gateway/wire/startup.hpp"

#include <array>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace howdah::login {

struct ServerLoginFacts {
  std::string user;
  std::string database;
  std::vector<std::pair<std::string, std::string>> parameters;  // "options", "replication", settings
  wire::ProtocolVersion version = wire::kOldestVersion;         // 3.0 or 3.2
  ServerCredential credential;
  std::string tls_binding;  // hash of the server's certificate (tls-server-end-point); empty: none
  std::array<char, kScramNonceSize> scram_nonce{};  // random
  KnownScramKeys* known_keys = nullptr;             // outlives the login
  std::string connect_query;                        // to be run before anybody uses the connection; empty: none
};

struct ServerLoginDone {
  wire::ProtocolVersion version;  // what is spoken from now on
  wire::ParameterSet parameters;
  wire::CancelKey key;               // pid 0 if the server gave none
  std::vector<std::string> notices;  // bodies of the NoticeResponses, for the client
  std::string connect_query_error;   // what the server said against it; empty: nothing
};
struct ServerLoginFailed {
  std::variant<wire::ServerError, Error> error;  // the server's own words, or ours
};
using ServerLoginStep = std::variant<LoginPending, ServerLoginDone, ServerLoginFailed>;

class ServerLogin {
 public:
  explicit ServerLogin(ServerLoginFacts facts);

  // Appends the StartupMessage.
  void start(std::string& out);
  // Takes messages off the front of `input`; what comes after ReadyForQuery stays.
  ServerLoginStep step(Bytes& input, std::string& out);

 private:
  ServerLoginStep on_message(const wire::Message& message, std::string& out);
  ServerLoginStep on_authentication(Bytes body, std::string& out);
  ServerLoginStep answer_cleartext(std::string& out);
  ServerLoginStep answer_md5(Bytes salt, std::string& out);
  ServerLoginStep start_sasl(Bytes list, std::string& out);
  ServerLoginStep continue_sasl(const wire::Authentication& authentication, std::string& out);
  ServerLoginStep on_negotiation(Bytes body);
  ServerLoginStep on_settled(wire::ServerTag tag, Bytes body, std::string& out);
  ServerLoginStep on_ready(Bytes body, std::string& out);
  ServerLoginStep on_error(Bytes body);
  bool is_query_answer(wire::ServerTag tag) const;

  ServerLoginFacts facts_;
  ServerLoginDone result_;
  bool is_authenticated_ = false;
  bool has_answered_ = false;
  bool is_query_sent_ = false;
  std::uint32_t received_ = 0;  // bytes, over all messages
  wire::FrameScanner scanner_{wire::Sender::server};
  wire::Assembler assembler_;
  std::optional<ScramClient> scram_;
};

}  // namespace howdah::login
