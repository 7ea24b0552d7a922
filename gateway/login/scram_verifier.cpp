#include "gateway/login/scram_verifier.hpp"

#include "gateway/login/digest.hpp"

#include <fmt/format.h>

#include <charconv>

namespace howdah::login {

namespace {

constexpr std::string_view kVerifierPrefix = "SCRAM-SHA-256$";

// The text before `end`, which is taken off as well. Nothing if `end` does not occur.
std::optional<std::string_view> take_until(std::string_view& rest, char end) {
  const std::size_t at = rest.find(end);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view taken = rest.substr(0, at);
  rest.remove_prefix(at + 1);
  return taken;
}

}  // namespace

std::optional<int> parse_scram_iterations(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < 1 || value > kMaxScramIterations)
    return std::nullopt;
  return value;
}

std::optional<ScramVerifier> parse_scram_verifier(std::string_view text) {
  if (!text.starts_with(kVerifierPrefix)) return std::nullopt;
  std::string_view rest = text.substr(kVerifierPrefix.size());
  const auto iterations_text = take_until(rest, ':');
  const auto salt_text = take_until(rest, '$');
  const auto stored_text = take_until(rest, ':');
  if (!iterations_text || !salt_text || !stored_text) return std::nullopt;
  const auto iterations = parse_scram_iterations(*iterations_text);
  const auto salt = from_base64(*salt_text);
  const auto stored_key = from_base64(*stored_text);
  const auto server_key = from_base64(rest);
  if (!iterations || !salt || salt->empty() || !stored_key || !server_key) return std::nullopt;
  if (stored_key->size() != kSha256Size || server_key->size() != kSha256Size) return std::nullopt;
  return ScramVerifier{*iterations, *salt, *stored_key, *server_key};
}

std::string to_text(const ScramVerifier& verifier) {
  return fmt::format("{}{}:{}${}:{}", kVerifierPrefix, verifier.iterations, to_base64(verifier.salt),
                     to_base64(verifier.stored_key), to_base64(verifier.server_key));
}

ScramKeys make_scram_keys(std::string_view password, std::string_view salt, int iterations) {
  const std::string salted = pbkdf2_sha256(password, salt, iterations);
  return {hmac_sha256(salted, "Client Key"), hmac_sha256(salted, "Server Key"), std::string(salt), iterations};
}

const ScramKeys& KnownScramKeys::find_or_make(std::string_view password, std::string_view salt, int iterations) {
  constexpr std::size_t kMaxKnown = 4096;  // old passwords, salts of servers that are gone
  std::string wanted = fmt::format("{}:{}:{}:{}", iterations, salt.size(), salt, password);
  if (const auto found = known_.find(wanted); found != known_.end()) return found->second;
  if (known_.size() >= kMaxKnown) known_.clear();
  return known_.emplace(std::move(wanted), make_scram_keys(password, salt, iterations)).first->second;
}

std::string stored_key_of(std::string_view client_key) { return sha256(client_key); }

ScramVerifier make_scram_verifier(std::string_view password, std::string_view salt, int iterations) {
  const ScramKeys keys = make_scram_keys(password, salt, iterations);
  return {iterations, keys.salt, stored_key_of(keys.client_key), keys.server_key};
}

bool matches(const ScramVerifier& verifier, std::string_view password) {
  const ScramVerifier given = make_scram_verifier(password, verifier.salt, verifier.iterations);
  return is_equal_secret(given.server_key, verifier.server_key);
}

std::string scram_salt_for(std::string_view user, std::string_view mock_secret) {
  return hmac_sha256(mock_secret, std::string("salt ").append(user)).substr(0, kScramSaltSize);
}

ScramVerifier scram_verifier_for_plain(std::string_view user, std::string_view password, std::string_view mock_secret) {
  return make_scram_verifier(password, scram_salt_for(user, mock_secret), kScramIterations);
}

ScramVerifier mock_scram_verifier(std::string_view user, std::string_view mock_secret) {
  return {kScramIterations, scram_salt_for(user, mock_secret),
          hmac_sha256(mock_secret, std::string("stored key ").append(user)),
          hmac_sha256(mock_secret, std::string("server key ").append(user))};
}

}  // namespace howdah::login
