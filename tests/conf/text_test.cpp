#include "conf/text.hpp"

#include "tests/conf/load_support.hpp"

#include <catch2/catch.hpp>

namespace howdah {

namespace {

ConfigText parse(const std::string& text) {
  const TextFiles files{{{"c", text}}};
  return parse_config("c", files.reader());
}

struct GoodRow {
  const char* text;
  const char* name;
  const char* value;
};

constexpr GoodRow kGood[] = {
    {"port = 5432", "port", "5432"},
    {"port 5432", "port", "5432"},
    {"  port\t=\t5432  # comment", "port", "5432"},
    {"port=5432#comment", "port", "5432"},
    {"port = 5432\r", "port", "5432"},
    {"a = 'b c'", "a", "b c"},
    {"a = ''", "a", ""},
    {"a = 'it''s'", "a", "it's"},
    {R"(a = 'it\'s')", "a", R"(it\'s)"},
    {R"(a = 'c:\\d')", "a", R"(c:\\d)"},
    {"a = '# no comment' # comment", "a", "# no comment"},
    {"a = 10.0.0.1", "a", "10.0.0.1"},
    {"a = some-host.example:5432", "a", "some-host.example:5432"},
    {"a = -1", "a", "-1"},
    {"a = 10MB", "a", "10MB"},
    {"\xef\xbb\xbfport = 1", "port", "1"},
    {"a = '\xc3\xa9t\xc3\xa9'", "a", "\xc3\xa9t\xc3\xa9"},
};

struct BadRow {
  const char* text;
  const char* message;
};

constexpr BadRow kBad[] = {
    {"= 5", "a parameter's name is expected, not \"= 5\""},
    {"5 = a", "a parameter's name is expected"},
    {"a = 'b", "no closing quote (parameter \"a\")"},
    {"a = 'b\\'", "no closing quote"},
    {"a = '", "no closing quote"},
    {"a = 5 6", "\"6\" after the value"},
    {"a = 'b' c", "\"c\" after the value"},
    {"a = *", "write the value in quotes: '*'"},
    {"a = /tmp", "write the value in quotes: '/tmp'"},
    {"a = == b", "write the value in quotes"},
    {"a = \"b\"", "write the value in quotes"},
    {"\x01\x02", "not \"\\x01\\x02\""},
};

}  // namespace

TEST_CASE("a line gives a name and a value") {
  for (const GoodRow& row : kGood) {
    INFO(row.text);
    const ConfigText parsed = parse(row.text);
    CHECK(said(parsed.findings).empty());
    REQUIRE(parsed.assignments.size() == 1);
    CHECK(parsed.assignments[0].name == row.name);
    CHECK(parsed.assignments[0].value == row.value);
    CHECK(parsed.assignments[0].place.line == 1);
  }
}

TEST_CASE("a line that is not understood is an error with its place, and the next lines are read") {
  for (const BadRow& row : kBad) {
    INFO(row.text);
    const ConfigText parsed = parse(std::string("\n") + row.text + "\nport = 1\n");
    REQUIRE(parsed.findings.size() == 1);
    CHECK(to_text(parsed.findings[0]).starts_with("c:2: error: "));
    CHECK(parsed.findings[0].message.find(row.message) != std::string::npos);
    CHECK_FALSE(parsed.is_whole);
    REQUIRE(parsed.assignments.size() == 1);
    CHECK(parsed.assignments[0].place.line == 3);
  }
}

TEST_CASE("empty lines and comments are nothing, a name without a value is warned of") {
  const ConfigText parsed = parse("\n  \n# x\n\t# y\na =\nb\nc = # d\n");
  CHECK(parsed.assignments.empty());
  CHECK(parsed.is_whole);
  CHECK(said(parsed.findings) ==
        "c:5: warning: \"a\" has no value: the line is ignored\n"
        "c:6: warning: \"b\" has no value: the line is ignored\n"
        "c:7: warning: \"c\" has no value: the line is ignored\n");
}

TEST_CASE("an included file is read where it stands, beside the including one") {
  const TextFiles files{{{"/etc/p/a.conf", "x = 1\ninclude 'sub/b.conf'\nx = 3\ninclude = '/c.conf'\n"},
                         {"/etc/p/sub/b.conf", "x = 2\ninclude 'd.conf'\n"},
                         {"/etc/p/sub/d.conf", "y = 1\n"},
                         {"/c.conf", "x = 4\n"}}};
  const ConfigText parsed = parse_config("/etc/p/a.conf", files.reader());
  std::string order;
  for (const Assignment& a : parsed.assignments) order += a.name + "=" + a.value + "@" + to_text(a.place) + " ";
  CHECK(order ==
        "x=1@/etc/p/a.conf:1 x=2@/etc/p/sub/b.conf:1 y=1@/etc/p/sub/d.conf:1 x=3@/etc/p/a.conf:3 x=4@/c.conf:1 ");
}

TEST_CASE("a missing file is an error at the line that includes it") {
  const ConfigText parsed = parse("x = 1\ninclude 'none'\n");
  CHECK(said(parsed.findings) == "c:2: error: cannot read \"none\": none: no such file\n");
  CHECK_FALSE(parsed.is_whole);
}

TEST_CASE("files that include one another end") {
  const ConfigText once = parse("include 'c'\n");
  REQUIRE(once.findings.size() == 1);
  CHECK(once.findings[0].message.find("included too deep (10 levels are allowed)") != std::string::npos);
  const ConfigText many = parse("include 'c'\ninclude 'c'\ninclude 'c'\ninclude 'c'\n");
  CHECK_FALSE(many.is_whole);
  CHECK(many.findings.size() < 5000);
}

}  // namespace howdah
