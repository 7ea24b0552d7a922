// The encryption of AES entries in pool_passwd, as pg_enc makes them: AES-256-CBC, key and IV from the key file's text
// by OpenSSL's EVP_BytesToKey (SHA-1, no salt, one round), base64. No secret of ours rests on it: it is Pgpool's
// format.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace howdah::conf {

std::optional<std::string> decode_base64(std::string_view text);
std::string encode_base64(std::string_view bytes);

std::optional<std::string> decrypt_aes(std::string_view encrypted, std::string_view key_text);
std::optional<std::string> encrypt_aes(std::string_view plain, std::string_view key_text);

}  // namespace howdah::conf
