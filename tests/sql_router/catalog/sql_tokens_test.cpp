#include "sql_router/catalog/sql_tokens.hpp"

#include <catch2/catch.hpp>

using namespace howdah;

TEST_CASE("comments become blanks, and everything else stays where it was") {
  CHECK(without_comments("SELECT 1 -- one\n, 2") == "SELECT 1       \n, 2");
  CHECK(without_comments("a /* b /* c */ d */ e") == "a                   e");
  CHECK(without_comments("a/*\n*/b") == "a     b");  // no line break: it would join strings
  CHECK(without_comments("'/* a */' -- b") == "'/* a */'     ");
  CHECK(without_comments("\"--a\" $x$ --b $x$ /**/c") == "\"--a\" $x$ --b $x$     c");
}

TEST_CASE("a text without comments, or with comments nobody can be sure of, is left alone") {
  for (const char* text : {"SELECT 1", "SELECT '--'", "SELECT $$/* */$$", "SELECT 1 /* open", "SELECT 1 /* /* */", "SELECT E'\\' -- '"})
    CHECK_FALSE(without_comments(text).has_value());
}
