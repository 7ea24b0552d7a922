// The few cryptographic functions logins need, on byte strings: thin over OpenSSL, no state. Base64 is the strict kind
// (RFC 4648, with padding, no line breaks), as SCRAM demands.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace howdah::login {

inline constexpr std::size_t kSha256Size = 32;

std::string sha256(std::string_view text);
std::string hmac_sha256(std::string_view key, std::string_view text);
std::string pbkdf2_sha256(std::string_view password, std::string_view salt, int iterations);
std::string md5_hex(std::string_view text);

// Both must have the same size.
std::string xor_of(std::string_view a, std::string_view b);
// Takes the same time wherever they differ. Sizes are no secret.
bool is_equal_secret(std::string_view a, std::string_view b);

std::string to_base64(std::string_view bytes);
std::optional<std::string> from_base64(std::string_view text);

// PostgreSQL's md5 password: what is stored, and the answer to a challenge ("55.2.1 Start-up",
// AuthenticationMD5Password).
std::string md5_hash_of(std::string_view password, std::string_view user);
std::string md5_answer(std::string_view md5_hash, std::string_view salt);

}  // namespace howdah::login
