// SCRAM verifiers and keys as values: their text form, and how they come from a password (RFC 5802 section 3). No
// exchange here.
//
// Passwords are taken as they are. RFC 4013 (SASLprep) would first normalise those that are not plain ASCII; for
// passwords that normalisation does not change (and for those that are no valid UTF-8, where PostgreSQL skips it too)
// the result is PostgreSQL's. Others (non-ASCII spaces, compatibility or decomposed characters) do not log in with a
// stored plain password; with a stored verifier they do, because then only the client sees the password.
#pragma once

#include "gateway/login/credential.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace howdah::login {

inline constexpr std::size_t kScramSaltSize = 16;  // PostgreSQL's
inline constexpr int kScramIterations = 4096;      // PostgreSQL's default
// Neither a hostile server nor a mistyped file may buy minutes of our time.
inline constexpr int kMaxScramIterations = 1'000'000;

// Nothing if the text is not a verifier.
std::optional<ScramVerifier> parse_scram_verifier(std::string_view text);
std::string to_text(const ScramVerifier& verifier);
// Decimal, 1 to kMaxScramIterations.
std::optional<int> parse_scram_iterations(std::string_view text);

ScramVerifier make_scram_verifier(std::string_view password, std::string_view salt, int iterations);
ScramKeys make_scram_keys(std::string_view password, std::string_view salt, int iterations);

// Those that were made from plain passwords: 4096 hash rounds, milliseconds in which a worker does nothing else, for each
// server connection that is opened. Of one thread.
class KnownScramKeys {
 public:
  const ScramKeys& find_or_make(std::string_view password, std::string_view salt, int iterations);
  std::size_t size() const { return known_.size(); }

 private:
  std::unordered_map<std::string, ScramKeys> known_;  // by all three
};
std::string stored_key_of(std::string_view client_key);

bool matches(const ScramVerifier& verifier, std::string_view password);

// The salt is derived from the user's name, so that it is the same at every login and says nothing about whether the
// user exists. For users without a usable secret, and for those with a stored plain password.
std::string scram_salt_for(std::string_view user, std::string_view mock_secret);
ScramVerifier scram_verifier_for_plain(std::string_view user, std::string_view password, std::string_view mock_secret);
// Nobody's: for an exchange that is to fail.
ScramVerifier mock_scram_verifier(std::string_view user, std::string_view mock_secret);

}  // namespace howdah::login
