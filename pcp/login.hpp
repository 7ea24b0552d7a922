// PCP's password check. The server sends four random bytes; the client answers with
//   md5hex( md5hex( md5hex(password) + user ) + salt )
// and pcp.conf holds md5hex(password), so that both compute the same. Every md5hex is 32 lower-case hexadecimal digits.
#pragma once

#include "base/bytes.hpp"

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace howdah::pcp {

using Salt = std::array<char, 4>;

inline constexpr std::size_t kMaxCredentialLength = 128;  // of a user name and of an answer

std::string md5_hex(std::string_view text);
// `stored` is the text in pcp.conf: md5hex(password).
std::string login_answer(std::string_view stored, std::string_view user, const Salt& salt);
// Whether the answer fits one of the user's stored texts; pcp.conf may name a user more than once.
bool is_right_answer(std::string_view answer, const std::vector<std::string>& stored, std::string_view user,
                     const Salt& salt);

}  // namespace howdah::pcp
