#include "gateway/login/digest.hpp"
#include "gateway/login/scram.hpp"
#include "gateway/login/scram_text.hpp"

#include <fmt/format.h>

namespace howdah::login {

namespace {

Error malformed_by_server(std::string detail) {
  return Error{ErrorCode::backend_protocol_violation, "malformed SCRAM message from the server", std::move(detail)};
}

// Header of the exchange (RFC 5802 section 6): bound; could be bound, but the server does not offer it; cannot be.
std::string_view header_for(bool has_binding, bool is_offered) {
  if (!has_binding) return "n,,";
  return is_offered ? kBindingHeader : std::string_view("y,,");
}

}  // namespace

ScramClient::ScramClient(const Options& options)
    : credential_(options.credential),
      known_keys_(options.known_keys),
      tls_binding_(options.tls_binding),
      uses_binding_(!options.tls_binding.empty() && options.server_offers_plus),
      gs2_header_(header_for(!options.tls_binding.empty(), options.server_offers_plus)),
      client_nonce_(options.nonce) {
  client_first_bare_ = "n=,r=" + client_nonce_;  // the server takes the user's name from the StartupMessage
}

std::string ScramClient::first() const { return gs2_header_ + client_first_bare_; }

Result<ScramKeys> ScramClient::keys_for(std::string_view salt, int iterations) const {
  if (const auto* password = std::get_if<PlainPassword>(&credential_))
    return known_keys_ != nullptr ? known_keys_->find_or_make(password->text, salt, iterations)
                                  : make_scram_keys(password->text, salt, iterations);
  const auto* keys = std::get_if<ScramKeys>(&credential_);
  if (keys == nullptr)
    return Error{ErrorCode::backend_login_failed, "the server asks for SCRAM, but no password is known for it", "",
                 "Store the password or a SCRAM verifier in pool_passwd."};
  // A proof made with keys of another salt would be refused, and would show the server something for nothing.
  if (keys->salt != salt || keys->iterations != iterations)
    return Error{ErrorCode::backend_login_failed,
                 "the server's SCRAM verifier differs from the one the client logged in with",
                 "salt or iteration count differ",
                 "Copy the verifier from pg_authid.rolpassword to pool_passwd; it must be the same on all servers."};
  return *keys;
}

Result<std::string> ScramClient::on_first(std::string_view server_first) {
  std::string_view rest = server_first;
  const auto nonce = take_attribute(rest, 'r');
  const auto salt_text = nonce ? take_attribute(rest, 's') : std::nullopt;
  const auto iterations_text = salt_text ? take_attribute(rest, 'i') : std::nullopt;
  if (!iterations_text) return malformed_by_server("nonce, salt or iteration count is missing");
  if (!is_nonce(*nonce) || !nonce->starts_with(client_nonce_) || nonce->size() == client_nonce_.size())
    return malformed_by_server("nonce does not continue ours");
  const auto salt = from_base64(*salt_text);
  const auto iterations = parse_scram_iterations(*iterations_text);
  if (!salt || salt->empty() || !iterations) return malformed_by_server("salt or iteration count is invalid");
  const auto keys = keys_for(*salt, *iterations);
  if (keys.has_error()) return keys.error();
  const std::string without_proof =
      fmt::format("c={},r={}", to_base64(uses_binding_ ? gs2_header_ + tls_binding_ : gs2_header_), *nonce);
  const std::string auth_message = auth_message_of(client_first_bare_, server_first, without_proof);
  server_signature_ = hmac_sha256(keys->server_key, auth_message);
  const std::string signature = hmac_sha256(stored_key_of(keys->client_key), auth_message);
  return without_proof + ",p=" + to_base64(xor_of(keys->client_key, signature));
}

Result<void> ScramClient::on_final(std::string_view server_final) {
  std::string_view rest = server_final;
  if (const auto reason = take_attribute(rest, 'e'))
    return Error{ErrorCode::backend_login_failed, "the server refused the SCRAM exchange", std::string(*reason)};
  const auto signature_text = take_attribute(rest, 'v');
  const auto signature = signature_text ? from_base64(*signature_text) : std::nullopt;
  if (!signature || !has_proved()) return malformed_by_server("no server signature");
  if (!is_equal_secret(*signature, server_signature_))
    return Error{ErrorCode::backend_login_failed, "the server does not know the user's password",
                 "its SCRAM signature is wrong", "Make sure that the address is that of the right server."};
  has_finished_ = true;
  return {};
}

}  // namespace howdah::login
