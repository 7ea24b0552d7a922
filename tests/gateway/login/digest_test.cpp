#include "gateway/login/digest.hpp"

#include <catch2/catch.hpp>

using namespace howdah::login;
using namespace std::string_literals;

TEST_CASE("base64 is that of RFC 4648") {
  struct Row {
    std::string bytes;
    std::string text;
  };
  const Row rows[] = {{"", ""},
                      {"f", "Zg=="},
                      {"fo", "Zm8="},
                      {"foo", "Zm9v"},
                      {"foob", "Zm9vYg=="},
                      {"fooba", "Zm9vYmE="},
                      {"foobar", "Zm9vYmFy"},
                      {"\xff\xfe\0"s, "//4A"}};
  for (const Row& row : rows) {
    CAPTURE(row.text);
    CHECK(to_base64(row.bytes) == row.text);
    CHECK(from_base64(row.text) == row.bytes);
  }
}

TEST_CASE("what is not strictly base64 is refused") {
  for (const char* text :
       {"Zg", "Zg=", "Z===", "====", "Zg==Zg==", "Zm9v\n", " Zm9v", "Zm9-", "Zh==", "Zm9=", "Z=g="}) {
    CAPTURE(text);
    CHECK_FALSE(from_base64(text).has_value());
  }
}

TEST_CASE("md5 passwords are PostgreSQL's") {
  CHECK(md5_hex("") == "d41d8cd98f00b204e9800998ecf8427e");
  // printf secretjoe | md5sum
  CHECK(md5_hash_of("secret", "joe") == "md5c59ec932d911ffdf487595b5a2adf973");
  const std::string hash = md5_hash_of("secret", "joe");
  CHECK(md5_answer(hash, "\1\2\3\4") == "md5" + md5_hex(hash.substr(3) + "\1\2\3\4"));
}

TEST_CASE("secrets compare by content") {
  CHECK(is_equal_secret("abc", "abc"));
  CHECK_FALSE(is_equal_secret("abc", "abd"));
  CHECK_FALSE(is_equal_secret("abc", "ab"));
}
