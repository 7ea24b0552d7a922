#include "conf/users.hpp"

#include "tests/conf/load_support.hpp"

#include <catch2/catch.hpp>

namespace howdah {

namespace {

// salt "salt", keys of 32 bytes.
constexpr const char* kVerifier =
    "SCRAM-SHA-256$4096:c2FsdA==$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:"
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

}  // namespace

TEST_CASE("a stored password tells its kind") {
  struct Row {
    std::string text;
    PasswordKind kind;
    std::string decoded;
  };
  const Row rows[] = {
      {"secret", PasswordKind::plain, "secret"},
      {"TEXTsecret", PasswordKind::plain, "secret"},
      {"md5ABCDEF0123456789abcdef0123456789", PasswordKind::md5, "md5abcdef0123456789abcdef0123456789"},
      {"md5short", PasswordKind::plain, "md5short"},
      {"AESdMZZjhvphPOJ627JzXNfBg==", PasswordKind::plain, "secret1"},
      {kVerifier, PasswordKind::scram, kVerifier},
  };
  for (const Row& row : rows) {
    INFO(row.text);
    const auto password = decode_password(row.text, "mykey");
    REQUIRE(password.has_value());
    CHECK(password->kind == row.kind);
    CHECK(password->text == row.decoded);
  }
}

TEST_CASE("a damaged or unreadable password is an error that does not show it") {
  struct Row {
    const char* text;
    std::optional<std::string> key;
    const char* said;
  };
  const Row rows[] = {
      {"AESdMZZjhvphPOJ627JzXNfBg==", std::nullopt, "needs the key file"},
      {"AESdMZZjhvphPOJ627JzXNfBg==", "wrong", "does not fit the key"},
      {"AESdMZ", "mykey", "is not base64"},
      {"AES====", "mykey", "is not base64"},
      {"AES", "mykey", "does not fit the key"},
      {"SCRAM-SHA-256$", {}, "is damaged"},
      {"SCRAM-SHA-256$4096:c2FsdA==$AAAA:AAAA", {}, "is damaged"},
      {"SCRAM-SHA-256$0:c2FsdA==$x:y", {}, "is damaged"},
      {"SCRAM-SHA-256$4096$c2FsdA==:x:y", {}, "is damaged"},
  };
  for (const Row& row : rows) {
    INFO(row.text);
    const auto password = decode_password(row.text, row.key);
    REQUIRE_FALSE(password.has_value());
    CHECK(password.error().message.find(row.said) != std::string::npos);
  }
}

TEST_CASE("what is encrypted is decrypted, and is what pg_enc writes") {
  CHECK(encrypt_password("secret1", "mykey").value() == "dMZZjhvphPOJ627JzXNfBg==");
  for (const std::string text :
       {"", "x", "fifteen bytes..", "sixteen bytes...", "a longer text than two blocks of it"}) {
    const auto encrypted = encrypt_password(text, "k");
    CHECK(decode_password("AES" + encrypted.value(), "k")->text == text);
  }
}

TEST_CASE("pool_passwd: lines, comments, mistakes") {
  const PoolPasswd file = parse_pool_passwd(std::string("# users\n\nalice:TEXTa\r\nbob:b:srv:pw\n:x\ncarol\ndave:\n"
                                                        "alice:other\nerin:AESxxxx\nscram:") +
                                                kVerifier + "\n",
                                            "pool_passwd", std::nullopt);
  CHECK(
      said(file.findings) ==
      "pool_passwd:4: warning: what follows the password of \"bob\" (another name and password for the servers) is not "
      "supported; a password cannot hold a colon\n"
      "pool_passwd:5: error: user:password is expected\n"
      "pool_passwd:6: error: user:password is expected\n"
      "pool_passwd:7: error: user:password is expected\n"
      "pool_passwd:8: warning: user \"alice\" is listed again; the first line counts\n"
      "pool_passwd:9: error: user \"erin\": an AES password needs the key file (-k, PGPOOLKEYFILE, ~/.pgpoolkey)\n");
  CHECK(file.users.size() == 3);
  CHECK(file.users.at("alice").text == "a");
  CHECK(file.users.at("bob").text == "b");
  CHECK(file.users.at("scram").kind == PasswordKind::scram);
}

TEST_CASE("pcp.conf: lines, comments, mistakes") {
  const PcpUsers file = parse_pcp_conf(
      "# c\n\nadmin:E8A48653851E28C69D0506508FB27FC5\n bad:x\nnone\n:e8a48653851e28c69d0506508fb27fc5\n"
      "admin:00000000000000000000000000000000\n",
      "pcp.conf");
  CHECK(file.md5_of.size() == 1);
  CHECK(file.md5_of.at("admin") == "e8a48653851e28c69d0506508fb27fc5");
  REQUIRE(file.findings.size() == 4);
  CHECK(to_text(file.findings[0]) == "pcp.conf:4: error: user:md5 is expected, with the 32 digits that pg_md5 prints");
  CHECK(to_text(file.findings[3]) == "pcp.conf:7: warning: user \"admin\" is listed again; the first line counts");
}

TEST_CASE("a check's password is the parameter's, else the user's entry") {
  const PoolUsers users{{"monitor", {PasswordKind::plain, "stored"}}};
  CHECK(password_for("TEXTgiven", "monitor", users, {})->text == "given");
  CHECK(password_for("", "monitor", users, {})->text == "stored");
  CHECK(password_for("", "other", users, {})->text.empty());
  CHECK_FALSE(password_for("AESx", "monitor", users, {}).has_value());
}

}  // namespace howdah
