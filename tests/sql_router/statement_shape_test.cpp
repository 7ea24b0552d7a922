#include "sql_router/statement_shape.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace howdah;

namespace {

// With letters for the bytes that stand for literals: W whole number, N other number, S string; "none" without a shape.
std::string shape(std::string_view text) {
  std::string buffer;
  const auto found = shape_of(text, buffer);
  if (!found) return "none";
  std::string readable(*found);
  for (char& c : readable) c = c == '\x01' ? 'W' : c == '\x02' ? 'N' : c == '\x03' ? 'S' : c;
  return readable;
}

}  // namespace

TEST_CASE("a shape is the text with its literals taken out") {
  struct Row {
    std::string_view text;
    std::string_view shape;
  };
  for (const Row& row : {
           Row{"select 4711", "select W"},
           Row{"select 0, 007, 2147483647, 00000000002147483647", "select W, W, W, W"},
           Row{"select 2147483648, 99999999999999999999999999999999", "select N, N"},
           Row{"select 1.5, .5, 5., 1e3, 1.5e3, 1.5E+3, .5e-3, 5.e1", "select N, N, N, N, N, N, N, N"},
           Row{"select -1, - 1, +1, 1-1, 1 -1", "select -W, - W, +W, W-W, W -W"},
           Row{"select '', 'x', 'it''s', '''', ''''''", "select S, S, S, S, S"},
           Row{"select 'a'\n'b', 'a' 'b'", "select S\nS, S S"},
           Row{"select '--', '/*', '$$', '\"', ';' -- 'c' 1\n, 2", "select S, S, S, S, S -- 'c' 1\n, W"},
           Row{"select 1 --2\r, 3", "select W --2\r, W"},
           Row{"select 1 /* 2 /* '3 */ \" */ + 4 /*/ 5 */ + 6", "select W /* 2 /* '3 */ \" */ + W /*/ 5 */ + W"},
           Row{"select 1*/**/2/3", "select W*/**/W/W"},
           Row{"select t1.c2, a$1, _3, \xc3\xa4""4, x.\"5 '6\"\"7\", 8", "select t1.c2, a$1, _3, \xc3\xa4""4, x.\"5 '6\"\"7\", W"},
           Row{"select $1, $23::int, 4::int, '5'::int", "select $1, $23::int, W::int, S::int"},
           Row{"select a[1], a[2:3], (b).c, f(4)", "select a[W], a[W:W], (b).c, f(W)"},
           Row{"select interval '1 day', date '2020-01-01'", "select interval S, date S"},
           Row{"select \"a\"1, 'b'2", "select \"a\"W, SW"},
       }) {
    CAPTURE(row.text);
    CHECK(shape(row.text) == row.shape);
  }
}

TEST_CASE("where scanners could part ways there is no shape") {
  for (const std::string_view text :
       {"select 'a\\'", "select 'a\\\\', 1", "select 1, 'open", "select 1, 'open''", "select 1, \"open", "select 1 /* open",
        "select 1 /* /* */", "select E'x', 1", "select e'x', 1", "select U&'x', 1", "select u&\"x\", 1",
        "select U&'x' UESCAPE '!'", "select B'1', 1", "select x'1', 1", "select N'x', 1", "select date'2020-01-01'",
        "select 1'x'", "select $1'x'", "select $$x$$, 1", "select $a$x$a$, 1", "select 1, $", "select 1a", "select 1_000",
        "select 0x1f", "select 1e", "select 1e+", "select 1else 2", "select 1..2", "select a..2", "select 1.5.6",
        "select 1.e", "select 1$2", "select 1\xc3\xa4", "select 1, '\x01' \x01", "select 1, \"\x02\"", "select 1 -- \x03"}) {
    CAPTURE(text);
    CHECK(shape(text) == "none");
  }
  using namespace std::string_view_literals;
  CHECK(shape("select 1, 'a\0b'"sv) == "none");
  CHECK(shape("select 1\0"sv) == "none");
}

TEST_CASE("a text without literals, and a long one, has no shape but itself") {
  for (const std::string_view text : {"", "begin", "select a from t -- 1", "select $1"}) CHECK(shape(text) == "none");
  const std::string fits = "select " + std::string(kMaxShapedText - 7, '1');
  CHECK(shape(fits) == "select N");
  CHECK(shape(fits + "1") == "none");
}

TEST_CASE("a buffer once grown is used again, whatever it held") {
  std::string buffer;
  const auto first = shape_of("select 'something long' from somewhere", buffer);
  REQUIRE(first.has_value());
  const char* const place = buffer.data();
  const auto second = shape_of("select 1", buffer);
  REQUIRE(second.has_value());
  CHECK(second->data() == place);
  CHECK(*second == "select \x01");
}
