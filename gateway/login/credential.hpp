// What is stored about a user (pool_passwd), and what opens a server connection. The two differ: a SCRAM verifier
// checks a client but opens nothing; the keys learnt from that client's proof do.
#pragma once

#include <string>
#include <variant>

namespace howdah::login {

struct NoSecret {
  friend bool operator==(const NoSecret&, const NoSecret&) = default;
};
struct PlainPassword {
  std::string text;
  friend bool operator==(const PlainPassword&, const PlainPassword&) = default;
};
struct Md5Hash {
  std::string text;  // "md5" and 32 hexadecimal digits: md5(password, user)
  friend bool operator==(const Md5Hash&, const Md5Hash&) = default;
};
// RFC 5802; the text form is PostgreSQL's "SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>".
struct ScramVerifier {
  int iterations = 0;
  std::string salt;        // bytes
  std::string stored_key;  // 32 bytes
  std::string server_key;  // 32 bytes
  friend bool operator==(const ScramVerifier&, const ScramVerifier&) = default;
};
// As good as the password on every server that has the same verifier. Never logged, never shown.
struct ScramKeys {
  std::string client_key;  // 32 bytes
  std::string server_key;  // 32 bytes
  std::string salt;        // bytes
  int iterations = 0;
  friend bool operator==(const ScramKeys&, const ScramKeys&) = default;
};

using StoredSecret = std::variant<NoSecret, PlainPassword, Md5Hash, ScramVerifier>;
using ServerCredential = std::variant<NoSecret, PlainPassword, Md5Hash, ScramKeys>;

}  // namespace howdah::login
