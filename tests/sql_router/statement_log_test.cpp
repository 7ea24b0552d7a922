#include "sql_router/statement_log.hpp"

#include <catch2/catch.hpp>

using namespace howdah;

namespace {

using Taken = std::vector<std::pair<std::string, std::string>>;  // session, statement

Taken read(const std::vector<std::string>& lines) {
  Taken taken;
  StatementLogReader reader(
      [&](std::string_view session, std::string_view sql) { taken.emplace_back(std::string(session), std::string(sql)); });
  for (const std::string& line : lines) reader.line(line);
  reader.finish();
  return taken;
}

}  // namespace

TEST_CASE("a plain list has one statement per line") {
  CHECK(read({"", "SELECT 1", "  ", "INSERT INTO t VALUES ('LOG')\r"}) ==
        Taken{{"", "SELECT 1"}, {"", "INSERT INTO t VALUES ('LOG')"}});
}

TEST_CASE("the server's log gives its statements, whole, with the process that ran them") {
  const std::vector<std::string> lines{
      "2026-11-23 10:00:00.000 UTC [11] LOG:  database system is ready to accept connections",
      "2026-11-23 10:00:01.000 UTC [12] LOG:  statement: SELECT a,",
      "\t  b -- LOG:  statement: not one",
      "\tFROM t",
      "2026-11-23 10:00:01.000 UTC [13] LOG:  execute <unnamed>: SELECT * FROM t WHERE id = $1",
      "2026-11-23 10:00:01.000 UTC [13] DETAIL:  parameters: $1 = '7'",
      "2026-11-23 10:00:01.000 UTC [13] LOG:  execute s1/portal: UPDATE t SET a = $1",
      "2026-11-23 10:00:01.000 UTC [13] LOG:  execute fetch from s1: UPDATE t SET a = $1",
      "2026-11-23 10:00:01.000 UTC [12] ERROR:  relation \"u\" does not exist at character 15",
      "2026-11-23 10:00:01.000 UTC [12] STATEMENT:  SELECT * FROM u",
      "2026-11-23 10:00:01.000 UTC [12] LOG:  duration: 0.123 ms  parse s: SELECT 2",
      "2026-11-23 10:00:01.000 UTC [12] LOG:  duration: 0.123 ms  bind s: SELECT 2",
      "2026-11-23 10:00:01.000 UTC [12] LOG:  duration: 0.123 ms  execute s: SELECT 2",
      "2026-11-23 10:00:01.000 UTC [12] LOG:  duration: 4.5 ms",
      "2026-11-23 10:00:01.000 UTC [12] LOG:  duration: 4.5 ms  statement: SELECT 'LOG:  statement: x'",
  };
  CHECK(read(lines) == Taken{{"12", "SELECT a,\n  b -- LOG:  statement: not one\nFROM t"},
                             {"13", "SELECT * FROM t WHERE id = $1"},
                             {"13", "UPDATE t SET a = $1"},
                             {"12", "SELECT 2"},
                             {"12", "SELECT 'LOG:  statement: x'"}});
}

TEST_CASE("sessions are told apart whatever log_line_prefix says") {
  struct Row {
    const char* prefix;
    const char* session;
  };
  for (const Row& row : {
           Row{"2026-11-23 10:00:00.000 UTC [4711] ", "4711"},                                      // '%m [%p] ', the default
           Row{"2026-11-23 10:00:00 UTC [4711]: [7-1] user=app,db=shop,app=a[1],client=10.0.0.9 ", "4711"},  // pgBadger's
           Row{"2026-11-23 10:00:00 UTC:10.0.0.9(52814):app@shop:[4711]:", "4711"},                 // Amazon RDS
           Row{"2026-11-23 10:00:00 UTC-65a1b2c3.1f2e-", ""},                                       // nothing stands by itself
           Row{"2026-11-23 10:00:00 UTC 65a1b2c3.1f2e [12-1] ", "65a1b2c3.1f2e"},                   // '%t %c [%l-1] '
           Row{"1764000000.123 app shop 4711 3 ", "4711"},                                          // '%n %u %d %p %l '
           Row{"Nov 3 10:00:00 db1 postgres[4711]: [7-1] ", "4711"},                                // syslog
           Row{"app@shop ", ""},
           Row{"", ""},
       }) {
    CAPTURE(row.prefix);
    CHECK(read({std::string(row.prefix) + "LOG:  statement: SELECT 1"}) == Taken{{row.session, "SELECT 1"}});
  }
}

TEST_CASE("jsonlog gives its statements, unescaped") {
  const std::string head = R"({"timestamp":"2026-11-23 10:00:00.000 UTC","user":"app","pid":4711,"session_id":"65a1b2c3.1267","line_num":3,)";
  CHECK(read({head + R"("error_severity":"LOG","message":"statement: SELECT \"a\",\n\t'\\\\ \u0001 \u00e9', 'message'","query_id":0})",
              head + R"("error_severity":"LOG","message":"execute s1: DELETE FROM t","detail":"parameters: $1 = '1'"})",
              head + R"("error_severity":"LOG","message":"connection authorized: user=app"})",
              head + R"("error_severity":"ERROR","message":"statement: x","statement":"SELECT * FROM u"})",
              head + R"("error_severity":"LOG","message":"statement: SELECT 1)", "", "no record"}) ==
        Taken{{"65a1b2c3.1267", "SELECT \"a\",\n\t'\\\\ \x01 \xc3\xa9', 'message'"}, {"65a1b2c3.1267", "DELETE FROM t"}});
}

TEST_CASE("a csvlog record may hold quotes, commas and line breaks") {
  const std::string head = "2026-11-23 10:00:00.000 UTC,\"u\",\"d\",12,\"[local]\",6745.1,1,\"SELECT\",2026-11-23 10:00:00 UTC,3/4,0,LOG,00000,";
  const std::vector<std::string> lines{
      head + "\"statement: SELECT \"\"A\"\", 'x,y'",
      "FROM t -- it's\",,,,,,,,,\"psql\",\"client backend\",,0",
      head + "\"connection authorized: user=u\",,,,,,,,,\"psql\",\"client backend\",,0",
      head + "\"execute s1: DELETE FROM t\",\"parameters: $1 = '1'\",,,,,,,,\"psql\",\"client backend\",,0",
  };
  CHECK(read(lines) == Taken{{"6745.1", "SELECT \"A\", 'x,y'\nFROM t -- it's"}, {"6745.1", "DELETE FROM t"}});
}

TEST_CASE("a log that ends in the middle of a record loses no more than that record") {
  CHECK(read({"2026-11-23 10:00:00.000 UTC,\"u\",\"d\",12,\"[local]\",6745.1,1,\"SELECT\",,,,LOG,00000,\"statement: SEL"}).empty());
  CHECK(read({"2026-11-23 10:00:01.000 UTC [12] LOG:  statement: SELECT 1,"}) == Taken{{"12", "SELECT 1,"}});
}
