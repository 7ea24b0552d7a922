#include "conf/aes.hpp"

#include <openssl/evp.h>

#include <array>
#include <climits>
#include <memory>

namespace howdah::conf {

namespace {

const unsigned char* as_unsigned(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* as_unsigned(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

enum class Direction { decrypt = 0, encrypt = 1 };

std::optional<std::string> crypt(std::string_view input, std::string_view key_text, Direction direction) {
  if (input.size() > INT_MAX / 2 || key_text.size() > INT_MAX / 2) return std::nullopt;
  std::array<unsigned char, EVP_MAX_KEY_LENGTH> key;
  std::array<unsigned char, EVP_MAX_IV_LENGTH> iv;
  if (EVP_BytesToKey(EVP_aes_256_cbc(), EVP_sha1(), nullptr, as_unsigned(key_text), static_cast<int>(key_text.size()),
                     1, key.data(), iv.data()) != 32)
    return std::nullopt;
  const std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> context(EVP_CIPHER_CTX_new(),
                                                                                &EVP_CIPHER_CTX_free);
  std::string output(input.size() + EVP_MAX_BLOCK_LENGTH, '\0');
  int size = 0;
  int rest = 0;
  const bool is_done =
      context &&
      EVP_CipherInit_ex(context.get(), EVP_aes_256_cbc(), nullptr, key.data(), iv.data(),
                        static_cast<int>(direction)) &&
      EVP_CipherUpdate(context.get(), as_unsigned(output), &size, as_unsigned(input), static_cast<int>(input.size())) &&
      EVP_CipherFinal_ex(context.get(), as_unsigned(output) + size, &rest);
  if (!is_done) return std::nullopt;
  output.resize(static_cast<std::size_t>(size + rest));
  return output;
}

}  // namespace

std::optional<std::string> decode_base64(std::string_view text) {
  if (text.size() % 4 != 0 || text.size() > INT_MAX / 2) return std::nullopt;
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  if (text.substr(0, text.size() - padding)
          .find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") !=
      std::string_view::npos)
    return std::nullopt;
  std::string bytes(text.size() / 4 * 3, '\0');
  if (EVP_DecodeBlock(as_unsigned(bytes), as_unsigned(text), static_cast<int>(text.size())) < 0) return std::nullopt;
  bytes.resize(bytes.size() - padding);
  return bytes;
}

std::string encode_base64(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');  // EVP_EncodeBlock ends with a NUL
  EVP_EncodeBlock(as_unsigned(text), as_unsigned(bytes), static_cast<int>(bytes.size()));
  text.pop_back();
  return text;
}

std::optional<std::string> decrypt_aes(std::string_view encrypted, std::string_view key_text) {
  return crypt(encrypted, key_text, Direction::decrypt);
}

std::optional<std::string> encrypt_aes(std::string_view plain, std::string_view key_text) {
  return crypt(plain, key_text, Direction::encrypt);
}

}  // namespace howdah::conf
