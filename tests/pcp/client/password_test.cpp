#include "pcp/client/password_file.hpp"
#include "pcp/client/password_lines.hpp"
#include "pcp/login.hpp"

#include <catch2/catch.hpp>

using namespace howdah::pcp;

TEST_CASE("the first fitting line of .pcppass gives the password") {
  constexpr std::string_view kFile =
      "# comment\n"
      "db1:9898:pgpool:one\n"
      "*:9899:pgpool:two\n"
      "db2:*:*:th\\:r\\\\ee\n"
      "short:line\n"
      "db2:9898:pgpool:never\r\n"
      "\\:\\:1:9898:pgpool:six";
  CHECK(find_password(kFile, "db1", "9898", "pgpool") == "one");
  CHECK(find_password(kFile, "db1", "9899", "pgpool") == "two");
  CHECK(find_password(kFile, "db2", "9898", "pgpool") == "th:r\\ee");
  CHECK(find_password(kFile, "::1", "9898", "pgpool") == "six");
  CHECK_FALSE(find_password(kFile, "db1", "9898", "other").has_value());
  CHECK_FALSE(find_password("", "db1", "9898", "pgpool").has_value());
}

TEST_CASE("pg_md5 replaces the user's line and leaves all others") {
  const std::string entry = md5_entry("app", "secret");
  CHECK(entry == "md5" + md5_hex("secretapp"));
  CHECK(with_password("", "app", "x") == "app:x\n");
  CHECK(with_password("a:1\napp:old\nb:2", "app", "x") == "a:1\napp:x\nb:2\n");
  CHECK(with_password("application:1\n", "app", "x") == "application:1\napp:x\n");
}

TEST_CASE("the login answer is the one captured from Pgpool") {
  const std::string stored = md5_hex("pcppw");
  CHECK(stored == "5bb73123a0cfcdce93216df6a3703e32");
  CHECK(login_answer(stored, "pcpuser", {'\x0d', '\xef', '\x8e', '\x93'}) == "278fd995c4feab93b68e4b7248696b98");
  CHECK(login_answer(stored, "pcpuser", {'\x62', '\x6a', '\x3f', '\x3d'}) == "5da99d89d3d31e10df719805e819561f");
  CHECK(login_answer(stored, "pcpuser", {'\xf1', '\xcb', '\xa8', '\x65'}) == "7f348f6815243c5bbe07ddf1b694c3a4");
  CHECK_FALSE(is_right_answer("", {}, "pcpuser", {}));
  CHECK_FALSE(is_right_answer("", {""}, "pcpuser", {}));
}
