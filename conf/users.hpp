// pool_passwd and pcp.conf: names and what is stored for them. Pure; OpenSSL only decrypts AES entries.
// Passwords never appear in findings.
#pragma once

#include "base/result.hpp"
#include "conf/finding.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace howdah {

enum class PasswordKind {
  plain,  // usable for everything
  md5,    // "md5" and md5(password || user) in hexadecimal: for md5 logins only
  scram,  // a SCRAM-SHA-256 verifier, as in pg_authid.rolpassword
};

struct StoredPassword {
  PasswordKind kind = PasswordKind::plain;
  std::string text = {};  // the password, or md5..., or SCRAM-SHA-256$...
};

// What a password text of pool_passwd, sr_check_password and the like means: TEXT, AES, md5 and SCRAM-SHA-256$
// prefixes, else plain. `aes_key` is the text of the key file; without it AES is an error.
Result<StoredPassword> decode_password(std::string_view text, const std::optional<std::string>& aes_key);

// As pg_enc writes it, without the prefix AES: for tools and tests.
Result<std::string> encrypt_password(std::string_view password, std::string_view aes_key);

using PoolUsers = std::map<std::string, StoredPassword, std::less<>>;

struct PoolPasswd {
  PoolUsers users;
  Findings findings;
};
// Lines user:password. The first line with a name counts.
PoolPasswd parse_pool_passwd(std::string_view text, const std::string& path, const std::optional<std::string>& aes_key);

// PgBouncer's auth_file, lines "user" "password". A line that is none is an error; PgBouncer would
// silently go on with the users before it. An empty password lets nobody in, so its user is as good as not listed.
PoolPasswd parse_userlist(std::string_view text, const std::string& path);

struct PcpUsers {
  std::map<std::string, std::string, std::less<>> md5_of;  // name to md5(password), 32 lower-case hexadecimal digits
  Findings findings;
};
// Lines user:md5, as pg_md5 prints.
PcpUsers parse_pcp_conf(std::string_view text, const std::string& path);

// The password that health checks and the like log in with: the parameter if not empty, else the user's entry.
Result<StoredPassword> password_for(std::string_view parameter, std::string_view user, const PoolUsers& users,
                                    const std::optional<std::string>& aes_key);

}  // namespace howdah
