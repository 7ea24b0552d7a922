// auth_query: one question to a server what it stores for a user, and for how long its answers are believed. Nothing a
// client has sent reaches the server but its name, as a bound parameter. Pure; the connection is gateway/io/secret_asker's.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/bytes.hpp"
#include "base/instant.hpp"
#include "base/result.hpp"
#include "gateway/login/credential.hpp"
#include "gateway/wire/frame.hpp"

namespace howdah::login {

// What pg_authid.rolpassword and userlist.txt mean: an md5 hash, a SCRAM verifier, or else the password itself.
StoredSecret secret_of_server(std::string_view text);

// The question, and from then on the answer: a procedure on a connection that nothing else is asked on meanwhile.
class SecretQuestion {
 public:
  // Appends the question. `query` has the name as $1 and gives one row of name and secret.
  void start(std::string_view query, std::string_view user, std::string& out) const;
  // Takes the answer off the front of `input`; nothing: it goes on. NoSecret: no row, or NULL (expired, for one).
  // An Error leaves the connection usable only if is_over().
  std::optional<Result<StoredSecret>> step(Bytes& input);
  bool is_over() const { return is_over_; }

 private:
  Result<void> on_message(const wire::Message& message);

  wire::FrameScanner scanner_{wire::Sender::server};
  wire::Assembler assembler_;
  StoredSecret secret_;
  bool has_row_ = false;
  bool is_over_ = false;
  std::optional<Error> error_;
};

// What servers said, per user. Bounded: when it is full, it begins anew.
class SecretCache {
 public:
  explicit SecretCache(std::size_t most) : most_(most) {}

  const StoredSecret* find(const std::string& user, Instant now, Duration max_age) const;
  // Users that do not exist are not kept: names are for the asking.
  void keep(const std::string& user, StoredSecret secret, Instant now);
  void forget(const std::string& user) { entries_.erase(user); }
  void clear() { entries_.clear(); }

 private:
  struct Entry {
    StoredSecret secret;
    Instant asked_at;
  };
  std::size_t most_;
  std::unordered_map<std::string, Entry> entries_;
};

}  // namespace howdah::login
