#include "sql_router/gateway_commands.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace howdah;

TEST_CASE("what follows a gateway command is still there to be run") {
  struct Row {
    const char* text;
    GatewayCommandKind kind;
    const char* name;
    const char* value;
    const char* rest;
  };
  using enum GatewayCommandKind;
  const Row rows[] = {
      {"SHOW POOL_NODES", show_pool, "nodes", "", ""},
      {"show pool_nodes ; ", show_pool, "nodes", "", ""},
      {"SHOW POOL_NODES; SELECT 1; SELECT 2", show_pool, "nodes", "", "SELECT 1; SELECT 2"},
      {"/* a */ SHOW -- b\n POOL_NODES /* c */ ; /* d */ SHOW POOL_STATUS", show_pool, "nodes", "", "SHOW POOL_STATUS"},
      {"PGPOOL SHOW Port", pgpool_show, "port", "", ""},
      {"PGPOOL SET log_statement TO on", pgpool_set, "log_statement", "on", ""},
      {"PGPOOL SET log_statement = 'it''s'; SELECT 1", pgpool_set, "log_statement", "it's", "SELECT 1"},
      {"PGPOOL SET x=-5", pgpool_set, "x", "-5", ""},
      {"PGPOOL SET x TO '';", pgpool_set, "x", "", ""},
      {"PGPOOL RESET ALL", pgpool_reset, "all", "", ""},
      {"SET howdah.read_consistency = 'eventual'", own_set, "read_consistency", "eventual", ""},
      {"set session Howdah.Read_Consistency to Global; SELECT 1", own_set, "read_consistency", "Global", "SELECT 1"},
      {"SET LOCAL howdah.min_lsn TO '0/12'", own_set, "min_lsn", "0/12", ""},
      {"SET howdah.min_lsn TO DEFAULT", own_reset, "min_lsn", "", ""},
      {"SET howdah.min_lsn TO 'default'", own_set, "min_lsn", "default", ""},
      {"RESET howdah.min_lsn;", own_reset, "min_lsn", "", ""},
      {"SHOW howdah.lsn", own_show, "lsn", "", ""},
      {"SET howdah = 1", none, "", "", ""},
      {"SET LOCAL TIME ZONE 'howdah.x'", none, "", "", ""},
      {"SET work_mem = '1MB'", none, "", "", ""},
      {"RESET ALL", none, "", "", ""},
      {"PGPOOL SET x TO 'unended", none, "", "", ""},
      {"PGPOOL SET x 5", none, "", "", ""},
      {"SHOW POOL_NODES x", none, "", "", ""},
      {"SHOW 'POOL_NODES'", none, "", "", ""},
      {"SHOW", none, "", "", ""},
      {"/* SHOW POOL_NODES", none, "", "", ""},
      {"-- a\rSHOW POOL_NODES", show_pool, "nodes", "", ""},
      {"-- a\rSELECT '\nSHOW POOL_NODES;'", none, "", "", ""},
      {"SELECT 1", none, "", "", ""},
      {"", none, "", "", ""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const GatewayCommand command = recognise_gateway_command(row.text);
    CHECK(command.kind == row.kind);
    CHECK(command.name == row.name);
    CHECK(command.value == row.value);
    if (row.kind != none) CHECK(std::string(row.text).substr(command.rest_begin) == row.rest);
  }
}

TEST_CASE("DEFAULT is a word, not a value") {
  CHECK(recognise_gateway_command("PGPOOL SET x TO Default").is_default);
  CHECK(recognise_gateway_command("PGPOOL SET x = /* c */ DEFAULT;").is_default);
  CHECK_FALSE(recognise_gateway_command("PGPOOL SET x TO 'default'").is_default);
  CHECK_FALSE(recognise_gateway_command("PGPOOL SET x TO on").is_default);
}

TEST_CASE("EXPLAIN ROUTE finds its statement, and what follows it") {
  struct Row {
    std::string text;
    const char* inner;
    const char* rest;
  };
  const Row rows[] = {
      {"EXPLAIN ROUTE SELECT 1", "SELECT 1", ""},
      {"explain route\n SELECT ';' ; SELECT 2", "SELECT ';' ", "SELECT 2"},
      {"EXPLAIN ROUTE SELECT $a$;$a$; BEGIN; COMMIT", "SELECT $a$;$a$", "BEGIN; COMMIT"},
      {"EXPLAIN ROUTE not sql; SELECT 1", "not sql; SELECT 1", ""},
      {"EXPLAIN ROUTE", "", ""},
      {"EXPLAIN ROUTE ;", ";", ""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const GatewayCommand command = recognise_gateway_command(row.text);
    CHECK(command.kind == GatewayCommandKind::explain_route);
    CHECK(row.text.substr(command.inner_begin, command.inner_end - command.inner_begin) == row.inner);
    CHECK(row.text.substr(command.rest_begin) == row.rest);
  }
}
