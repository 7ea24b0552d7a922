#include "gateway/login/digest.hpp"

#include "base/assert.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace howdah::login {

namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kMd5Prefix = "md5";

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

consteval auto reverse_alphabet() {
  std::array<signed char, 256> values{};
  values.fill(-1);
  for (std::size_t i = 0; i < kAlphabet.size(); ++i)
    values[static_cast<unsigned char>(kAlphabet[i])] = static_cast<signed char>(i);
  return values;
}
constexpr std::array kValues = reverse_alphabet();

}  // namespace

std::string sha256(std::string_view text) {
  std::string digest(kSha256Size, '\0');
  SHA256(bytes_of(text), text.size(), bytes_of(digest));
  return digest;
}

std::string hmac_sha256(std::string_view key, std::string_view text) {
  std::string digest(kSha256Size, '\0');
  const void* done = HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes_of(text), text.size(),
                          bytes_of(digest), nullptr);
  HOWDAH_ASSERT(done != nullptr);
  return digest;
}

std::string pbkdf2_sha256(std::string_view password, std::string_view salt, int iterations) {
  std::string key(kSha256Size, '\0');
  const int done = PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), bytes_of(salt),
                                     static_cast<int>(salt.size()), iterations, EVP_sha256(),
                                     static_cast<int>(key.size()), bytes_of(key));
  HOWDAH_ASSERT(done == 1);
  return key;
}

std::string md5_hex(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  // Fails only where a policy forbids MD5 (FIPS); then no answer is right.
  if (EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_md5(), nullptr) != 1) return {};
  std::string hex;
  for (unsigned i = 0; i < size; ++i) {
    hex.push_back("0123456789abcdef"[digest[i] >> 4]);
    hex.push_back("0123456789abcdef"[digest[i] & 15]);
  }
  return hex;
}

std::string xor_of(std::string_view a, std::string_view b) {
  HOWDAH_ASSERT(a.size() == b.size());
  std::string result(a);
  for (std::size_t i = 0; i < b.size(); ++i) result[i] = static_cast<char>(result[i] ^ b[i]);
  return result;
}

bool is_equal_secret(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string to_base64(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - at);
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 3; ++i)
      group = group << 8 | (i < count ? static_cast<unsigned char>(bytes[at + i]) : 0u);
    for (std::size_t i = 0; i < 4; ++i) text.push_back(i <= count ? kAlphabet[group >> (18 - 6 * i) & 63] : '=');
  }
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::size_t padding = 0;
  while (padding < 2 && text.size() > padding && text[text.size() - 1 - padding] == '=') ++padding;
  std::string bytes;
  std::uint32_t group = 0;
  for (std::size_t i = 0; i < text.size() - padding; ++i) {
    const int value = kValues[static_cast<unsigned char>(text[i])];
    if (value < 0) return std::nullopt;
    group = group << 6 | static_cast<std::uint32_t>(value);
    if (i % 4 != 3) continue;
    for (int shift = 16; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(group >> shift));
    group = 0;
  }
  if (padding == 0) return bytes;
  // The last group has 2 or 3 digits; its unused low bits must be zero.
  const unsigned unused = padding == 1 ? 2 : 4;
  if ((group & ((1u << unused) - 1)) != 0) return std::nullopt;
  group >>= unused;
  for (int shift = padding == 1 ? 8 : 0; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(group >> shift));
  return bytes;
}

std::string md5_hash_of(std::string_view password, std::string_view user) {
  return std::string(kMd5Prefix) + md5_hex(std::string(password).append(user));
}

std::string md5_answer(std::string_view md5_hash, std::string_view salt) {
  return std::string(kMd5Prefix) + md5_hex(std::string(md5_hash.substr(kMd5Prefix.size())).append(salt));
}

}  // namespace howdah::login
