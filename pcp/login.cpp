#include "pcp/login.hpp"

#include "base/assert.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

namespace howdah::pcp {

std::string md5_hex(std::string_view text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  HOWDAH_ASSERT(EVP_Digest(text.data(), text.size(), digest, &size, EVP_md5(), nullptr) == 1);
  std::string hex;
  for (unsigned int i = 0; i < size; ++i) fmt::format_to(std::back_inserter(hex), "{:02x}", digest[i]);
  return hex;
}

std::string login_answer(std::string_view stored, std::string_view user, const Salt& salt) {
  std::string text = md5_hex(std::string(stored).append(user));
  text.append(salt.data(), salt.size());
  return md5_hex(text);
}

bool is_right_answer(std::string_view answer, const std::vector<std::string>& stored, std::string_view user,
                     const Salt& salt) {
  bool is_right = false;
  for (const std::string& text : stored) {
    const std::string expected = login_answer(text, user, salt);
    if (answer.size() == expected.size() && CRYPTO_memcmp(answer.data(), expected.data(), expected.size()) == 0)
      is_right = true;
  }
  return is_right;
}

}  // namespace howdah::pcp
