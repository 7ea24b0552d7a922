#include "conf/users.hpp"

#include "conf/aes.hpp"
#include "conf/words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace howdah {

using namespace conf;

namespace {

constexpr std::string_view kScramPrefix = "SCRAM-SHA-256$";

Error unusable(std::string message) { return {ErrorCode::configuration, std::move(message)}; }

bool is_hex(std::string_view text, std::size_t size) {
  return text.size() == size && text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

// SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>, the keys 32 bytes each (PostgreSQL manual, pg_authid).
bool is_scram_verifier(std::string_view text) {
  text.remove_prefix(kScramPrefix.size());
  const auto colon = text.find(':');
  const auto dollar = text.find('$');
  const auto keys = text.rfind(':');
  if (colon == std::string_view::npos || dollar == std::string_view::npos || colon > dollar || keys < dollar)
    return false;
  int iterations = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + colon, iterations);
  if (error != std::errc{} || end != text.data() + colon || iterations <= 0) return false;
  const auto salt = decode_base64(text.substr(colon + 1, dollar - colon - 1));
  const auto stored_key = decode_base64(text.substr(dollar + 1, keys - dollar - 1));
  const auto server_key = decode_base64(text.substr(keys + 1));
  return salt && !salt->empty() && stored_key && stored_key->size() == 32 && server_key && server_key->size() == 32;
}

// user:password[:server user:server password]. A SCRAM verifier has colons of its own.
struct PasswdLine {
  std::string_view user;
  std::string_view password;
  bool has_more = false;
};

PasswdLine split_passwd_line(std::string_view line) {
  PasswdLine parts;
  const auto colon = line.find(':');
  parts.user = line.substr(0, colon);
  if (colon == std::string_view::npos) return parts;
  parts.password = line.substr(colon + 1);
  if (parts.password.starts_with(kScramPrefix)) return parts;
  const auto end = parts.password.find(':');
  parts.has_more = end != std::string_view::npos;
  parts.password = parts.password.substr(0, end);
  return parts;
}

}  // namespace

Result<StoredPassword> decode_password(std::string_view text, const std::optional<std::string>& aes_key) {
  if (text.starts_with("TEXT")) return StoredPassword{PasswordKind::plain, std::string(text.substr(4))};
  if (text.starts_with("md5") && is_hex(text.substr(3), 32)) return StoredPassword{PasswordKind::md5, lower_case(text)};
  if (text.starts_with(kScramPrefix)) {
    if (!is_scram_verifier(text)) return unusable("the SCRAM-SHA-256 verifier is damaged");
    return StoredPassword{PasswordKind::scram, std::string(text)};
  }
  if (!text.starts_with("AES")) return StoredPassword{PasswordKind::plain, std::string(text)};
  if (!aes_key) return unusable("an AES password needs the key file (-k, PGPOOLKEYFILE, ~/.pgpoolkey)");
  const auto encrypted = decode_base64(text.substr(3));
  if (!encrypted) return unusable("the AES password is not base64");
  const auto password = decrypt_aes(*encrypted, *aes_key);
  if (!password) return unusable("the AES password does not fit the key");
  return StoredPassword{PasswordKind::plain, *password};
}

Result<std::string> encrypt_password(std::string_view password, std::string_view aes_key) {
  const auto encrypted = encrypt_aes(password, aes_key);
  if (!encrypted) return unusable("the password cannot be encrypted");
  return encode_base64(*encrypted);
}

PoolPasswd parse_pool_passwd(std::string_view text, const std::string& path,
                             const std::optional<std::string>& aes_key) {
  PoolPasswd out;
  Place place{path, 0};
  const auto say = [&](FindingLevel level, std::string message) {
    out.findings.push_back({FindingKind::bad_value, level, place, std::move(message)});
  };
  for (const std::string_view line : lines_of(text)) {
    ++place.line;
    if (trimmed(line).empty() || line.starts_with('#')) continue;
    const PasswdLine parts = split_passwd_line(line);
    if (parts.user.empty() || parts.password.empty()) {
      say(FindingLevel::error, "user:password is expected");
      continue;
    }
    if (parts.has_more)
      say(FindingLevel::warning,
          fmt::format(
              "what follows the password of \"{}\" (another name and password for the servers) is not supported; "
              "a password cannot hold a colon",
              shown(parts.user)));
    auto password = decode_password(parts.password, aes_key);
    if (!password) {
      say(FindingLevel::error, fmt::format("user \"{}\": {}", shown(parts.user), password.error().message));
      continue;
    }
    if (!out.users.emplace(parts.user, std::move(*password)).second)
      say(FindingLevel::warning, fmt::format("user \"{}\" is listed again; the first line counts", shown(parts.user)));
  }
  return out;
}

namespace {

// "text", with "" for one quote inside. Takes it off with blanks before it.
std::optional<std::string> take_quoted(std::string_view& line) {
  line = trimmed(line);
  if (!line.starts_with('"')) return std::nullopt;
  std::string out;
  for (std::size_t at = 1; at < line.size(); ++at) {
    if (line[at] != '"') {
      out += line[at];
      continue;
    }
    if (line.substr(at + 1).starts_with('"')) {
      out += line[at++];
      continue;
    }
    line.remove_prefix(at + 1);
    return out;
  }
  return std::nullopt;
}

// In this file a password is nothing but its own text, unless it is a whole hash or verifier.
StoredPassword userlist_password(std::string text) {
  if (text.starts_with("md5") && is_hex(std::string_view(text).substr(3), 32))
    return {PasswordKind::md5, lower_case(text)};
  if (text.starts_with(kScramPrefix) && is_scram_verifier(text)) return {PasswordKind::scram, std::move(text)};
  return {PasswordKind::plain, std::move(text)};
}

}  // namespace

PoolPasswd parse_userlist(std::string_view text, const std::string& path) {
  PoolPasswd out;
  Place place{path, 0};
  for (std::string_view line : lines_of(text)) {
    ++place.line;
    line = trimmed(line);
    if (line.empty() || line.front() == ';') continue;
    const auto user = take_quoted(line);
    auto password = user ? take_quoted(line) : std::nullopt;
    if (!password || user->empty())
      out.findings.push_back(
          {FindingKind::syntax, FindingLevel::error, place, "\"user\" \"password\" is expected, both in double quotes"});
    else if (!password->empty() && !out.users.emplace(*user, userlist_password(std::move(*password))).second)
      out.findings.push_back({FindingKind::bad_value, FindingLevel::warning, place,
                              fmt::format("user \"{}\" is listed again; the first line counts", shown(*user))});
  }
  return out;
}

PcpUsers parse_pcp_conf(std::string_view text, const std::string& path) {
  PcpUsers out;
  Place place{path, 0};
  for (std::string_view line : lines_of(text)) {
    ++place.line;
    line = trimmed(line);
    if (line.empty() || line.front() == '#') continue;
    const auto colon = line.find(':');
    const std::string_view user = line.substr(0, colon);
    const std::string_view digest = colon == std::string_view::npos ? "" : line.substr(colon + 1);
    if (user.empty() || !is_hex(digest, 32))
      out.findings.push_back({FindingKind::bad_value, FindingLevel::error, place,
                              "user:md5 is expected, with the 32 digits that pg_md5 prints"});
    else if (!out.md5_of.emplace(user, lower_case(digest)).second)
      out.findings.push_back({FindingKind::bad_value, FindingLevel::warning, place,
                              fmt::format("user \"{}\" is listed again; the first line counts", shown(user))});
  }
  return out;
}

Result<StoredPassword> password_for(std::string_view parameter, std::string_view user, const PoolUsers& users,
                                    const std::optional<std::string>& aes_key) {
  if (!parameter.empty()) return decode_password(parameter, aes_key);
  const auto found = users.find(user);
  return found == users.end() ? StoredPassword{} : found->second;
}

}  // namespace howdah
