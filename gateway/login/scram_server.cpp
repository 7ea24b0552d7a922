#include "base/assert.hpp"
#include "gateway/login/digest.hpp"
#include "gateway/login/scram.hpp"
#include "gateway/login/scram_text.hpp"

#include <fmt/format.h>

namespace howdah::login {

namespace {

Error malformed_by_client(std::string detail) {
  return Error{ErrorCode::protocol_violation, "malformed SCRAM message", std::move(detail)};
}

constexpr std::string_view kBindingPrefix = "p=";
constexpr std::string_view kBindingType = "tls-server-end-point";

}  // namespace

std::string make_scram_nonce(Bytes random) { return to_base64(as_text(random)); }

ScramServer::ScramServer(const Options& options)
    : verifier_(options.verifier),
      is_doomed_(options.is_doomed),
      tls_binding_(options.tls_binding),
      server_nonce_(options.nonce) {}

// The header says whether the client binds the exchange to the TLS channel: 'n' it cannot, 'y' it could but believes
// that we cannot, 'p' it does.
Result<void> ScramServer::read_binding(std::string_view mechanism, std::string_view& rest) {
  const bool wants_plus = mechanism == kScramPlusMechanism;
  if (!wants_plus && mechanism != kScramMechanism)
    return Error{ErrorCode::protocol_violation, "client selected an invalid SASL authentication mechanism"};
  if (wants_plus && tls_binding_.empty())
    return Error{ErrorCode::protocol_violation, "client selected an invalid SASL authentication mechanism"};
  const std::string_view whole = rest;
  const std::size_t comma = rest.find(',');
  if (comma == std::string_view::npos) return malformed_by_client("No channel binding header.");
  const std::string_view flag = rest.substr(0, comma);
  rest.remove_prefix(comma + 1);
  if (flag.starts_with(kBindingPrefix)) {
    if (!wants_plus)
      return malformed_by_client(
          "The client selected SCRAM-SHA-256 without channel binding, but the SCRAM message includes channel binding "
          "data.");
    if (flag.substr(kBindingPrefix.size()) != kBindingType)
      return Error{ErrorCode::protocol_violation,
                   fmt::format("unsupported SCRAM channel-binding type \"{}\"", flag.substr(kBindingPrefix.size()))};
  } else if (wants_plus) {
    return malformed_by_client(
        "The client selected SCRAM-SHA-256-PLUS, but the SCRAM message does not include channel binding data.");
  } else if (flag == "y" && !tls_binding_.empty()) {
    // Somebody took the offer out of our list.
    return Error{ErrorCode::hba_rejected, "SCRAM channel binding negotiation error",
                 "The client supports SCRAM channel binding but thinks the server does not. However, this server "
                 "does support channel binding."};
  } else if (flag != "y" && flag != "n") {
    return malformed_by_client("Unexpected channel-binding flag.");
  }
  if (rest.starts_with("a="))
    return Error{ErrorCode::feature_not_supported, "client uses authorization identity, but it is not supported"};
  if (!rest.starts_with(",")) return malformed_by_client("Unexpected attribute after the channel-binding flag.");
  rest.remove_prefix(1);
  gs2_header_ = whole.substr(0, whole.size() - rest.size());
  return {};
}

Result<std::string> ScramServer::on_first(std::string_view mechanism, std::string_view client_first) {
  std::string_view rest = client_first;
  const auto bound = read_binding(mechanism, rest);
  if (bound.has_error()) return bound.error();
  client_first_bare_ = rest;
  if (rest.starts_with("m="))
    return Error{ErrorCode::feature_not_supported, "client requires an unsupported SCRAM extension"};
  // The name is not looked at: that of the StartupMessage counts.
  if (!take_attribute(rest, 'n')) return malformed_by_client("Attribute \"n\" expected.");
  const auto client_nonce = take_attribute(rest, 'r');
  if (!client_nonce) return malformed_by_client("Attribute \"r\" expected.");
  if (!is_nonce(*client_nonce)) return Error{ErrorCode::protocol_violation, "non-printable characters in SCRAM nonce"};
  nonce_ = std::string(*client_nonce) + server_nonce_;
  server_first_ = fmt::format("r={},s={},i={}", nonce_, to_base64(verifier_.salt), verifier_.iterations);
  return server_first_;
}

Result<void> ScramServer::check_binding(std::string_view binding) const {
  const bool is_bound = gs2_header_.starts_with(kBindingPrefix);
  const std::string expected = to_base64(is_bound ? gs2_header_ + tls_binding_ : gs2_header_);
  if (is_equal_secret(binding, expected)) return {};
  if (is_bound) return Error{ErrorCode::hba_rejected, "SCRAM channel binding check failed"};
  return Error{ErrorCode::protocol_violation, "unexpected SCRAM channel-binding attribute in client-final-message"};
}

Result<std::optional<std::string>> ScramServer::on_final(std::string_view client_final) {
  HOWDAH_ASSERT(has_started());
  std::string_view rest = client_final;
  const auto binding = take_attribute(rest, 'c');
  if (!binding) return malformed_by_client("Attribute \"c\" expected.");
  const auto bound = check_binding(*binding);
  if (bound.has_error()) return bound.error();
  const auto nonce = take_attribute(rest, 'r');
  if (!nonce) return malformed_by_client("Attribute \"r\" expected.");
  if (*nonce != nonce_) return Error{ErrorCode::protocol_violation, "invalid SCRAM response", "Nonce does not match."};
  // Optional extensions may stand between nonce and proof; they are signed, not understood.
  while (!rest.empty() && !rest.starts_with("p=")) {
    const std::size_t comma = rest.find(',');
    rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
  }
  const std::size_t proof_size = rest.size();
  const auto proof_text = take_attribute(rest, 'p');
  if (!proof_text) return malformed_by_client("Attribute \"p\" expected.");
  if (!rest.empty()) return malformed_by_client("Garbage found at the end of client-final-message.");
  const auto proof = from_base64(*proof_text);
  if (!proof || proof->size() != kSha256Size) return malformed_by_client("Malformed proof in client-final-message.");
  const std::string_view without_proof = client_final.substr(0, client_final.size() - proof_size - 1);
  return check_proof(auth_message_of(client_first_bare_, server_first_, without_proof), *proof);
}

// proof = ClientKey XOR HMAC(StoredKey, AuthMessage), so a right proof gives us the key (RFC 5802 section 3).
std::optional<std::string> ScramServer::check_proof(std::string_view auth_message, std::string_view proof) {
  const std::string client_key = xor_of(proof, hmac_sha256(verifier_.stored_key, auth_message));
  const bool is_right = is_equal_secret(stored_key_of(client_key), verifier_.stored_key);
  if (!is_right || is_doomed_) return std::nullopt;
  client_key_ = client_key;
  return "v=" + to_base64(hmac_sha256(verifier_.server_key, auth_message));
}

ScramKeys ScramServer::keys() const {
  HOWDAH_ASSERT(!client_key_.empty());
  return {client_key_, verifier_.server_key, verifier_.salt, verifier_.iterations};
}

}  // namespace howdah::login
