// The packets that open a connection have a length but no tag (manual "55.2.1 Start-up", "55.2.10 SSL Session
// Encryption", "55.7": SSLRequest, GSSENCRequest, CancelRequest, StartupMessage). StartupReader reads them from a
// client that may be anybody: it bounds their size and their number, and refuses what PostgreSQL refuses, in its words
// (where PostgreSQL hangs up without a word, an error is sent).
// A procedure: give it bytes until it says what the client wants. The shell answers 'S' or 'N' and does TLS.
#pragma once

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "gateway/wire/server_messages.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace howdah::wire {

struct ProtocolVersion {
  std::uint16_t major_number = 3;
  std::uint16_t minor_number = 0;

  friend auto operator<=>(const ProtocolVersion&, const ProtocolVersion&) = default;
};
constexpr std::uint32_t to_word(ProtocolVersion version) {
  return std::uint32_t{version.major_number} << 16 | version.minor_number;
}
constexpr ProtocolVersion version_of(std::uint32_t word) {
  return {static_cast<std::uint16_t>(word >> 16), static_cast<std::uint16_t>(word)};
}

// 3.1 was never published (old PgBouncers answered to it), 3.2 came with PostgreSQL 18: longer cancel keys.
inline constexpr ProtocolVersion kOldestVersion{3, 0};
inline constexpr ProtocolVersion kNewestVersion{3, 2};
// Since this version cancel keys may be longer than four bytes.
inline constexpr ProtocolVersion kLongKeyVersion{3, 2};

inline constexpr std::uint32_t kCancelRequestCode = 1234u << 16 | 5678;
inline constexpr std::uint32_t kSslRequestCode = 1234u << 16 | 5679;
inline constexpr std::uint32_t kGssRequestCode = 1234u << 16 | 5680;

inline constexpr std::uint32_t kMaxStartupBody = 10000;  // PostgreSQL's, without the length word

enum class Replication : std::uint8_t { none, physical, logical };

struct StartupMessage {
  ProtocolVersion asked;
  ProtocolVersion spoken;  // the lesser of what was asked and kNewestVersion
  std::string user;
  std::string database;  // the user's name if the client named none; empty for physical replication
  std::string options;   // command-line style settings, as sent
  Replication replication = Replication::none;
  std::vector<std::pair<std::string, std::string>> parameters;  // all others, in order, protocol options left out
  std::vector<std::string> unknown_options;                     // names beginning with "_pq_."

  // Whether NegotiateProtocolVersion must be the first answer.
  bool needs_negotiation() const { return asked > kNewestVersion || !unknown_options.empty(); }
};

// NegotiateProtocolVersion if it is due.
void append_negotiation(std::string& out, const StartupMessage& startup);

// What the reader wants done.
struct StartupPending {};  // more bytes are needed
struct StartTls {};        // answer 'S', do the handshake, then call tls_started()
struct DirectTls {};       // the client begins with a TLS handshake: do it with what was read; insist on ALPN
struct Answer {            // send this byte and go on
  char byte;
};
struct Cancel {  // look for the connection; close without an answer
  CancelKey key;
};
struct Refuse {  // send the error and close
  Error error;
  bool is_old_client = false;  // speaks protocol 1 or 2: append_old_error
};
struct Drop {   // close without an answer: nothing was sent that deserves one
  Error error;  // for the log
};
using StartupAction = std::variant<StartupPending, StartTls, DirectTls, Answer, Cancel, Refuse, Drop, StartupMessage>;

class StartupReader {
 public:
  struct Options {
    bool has_tls = false;  // a certificate is configured, and this is not a Unix-domain socket
  };
  explicit StartupReader(Options options) : options_(options) {}

  // Takes bytes off the front of `input`. After StartTls, DirectTls, Answer and Pending it is called again.
  StartupAction step(Bytes& input);
  void tls_started();

 private:
  StartupAction on_packet(Bytes body, Bytes rest);
  StartupAction on_ssl_request(Bytes rest);
  StartupAction on_gss_request(Bytes rest);

  Options options_;
  bool is_fresh_ = true;  // nothing was read yet
  bool is_tls_ = false;
  bool is_ssl_done_ = false;  // each kind of encryption may be asked for once
  bool is_gss_done_ = false;
  std::string packet_;  // the bytes so far, length word first
};

// One complete StartupMessage, `body` without the length word. Error: PostgreSQL's text and SQLSTATE.
Result<StartupMessage> parse_startup(Bytes body);

void append_ssl_request(std::string& out);
void append_gss_request(std::string& out);
void append_cancel_request(std::string& out, const CancelKey& key);
// user and database first, then the parameters.
void append_startup(std::string& out, ProtocolVersion version, std::string_view user, std::string_view database,
                    const std::vector<std::pair<std::string, std::string>>& parameters);

}  // namespace howdah::wire
