// Every SQL command of PostgreSQL 15 (manual, part VI, "SQL Commands") is known and has a line in the routing scripts.
#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <set>
#include <string>

#include "routing_script.hpp"
#include "sql_router/classifier.hpp"

using namespace howdah;
using namespace howdah::test;

namespace {

// As the manual lists them; a '*' stands for words in between.
constexpr std::array kCommands{
    "ABORT", "ALTER AGGREGATE", "ALTER COLLATION", "ALTER CONVERSION", "ALTER DATABASE", "ALTER DEFAULT PRIVILEGES",
    "ALTER DOMAIN", "ALTER EVENT TRIGGER", "ALTER EXTENSION", "ALTER FOREIGN DATA WRAPPER", "ALTER FOREIGN TABLE",
    "ALTER FUNCTION", "ALTER GROUP", "ALTER INDEX", "ALTER LANGUAGE", "ALTER LARGE OBJECT", "ALTER MATERIALIZED VIEW",
    "ALTER OPERATOR", "ALTER OPERATOR CLASS", "ALTER OPERATOR FAMILY", "ALTER POLICY", "ALTER PROCEDURE",
    "ALTER PUBLICATION", "ALTER ROLE", "ALTER ROUTINE", "ALTER RULE", "ALTER SCHEMA", "ALTER SEQUENCE", "ALTER SERVER",
    "ALTER STATISTICS", "ALTER SUBSCRIPTION", "ALTER SYSTEM", "ALTER TABLE", "ALTER TABLESPACE",
    "ALTER TEXT SEARCH CONFIGURATION", "ALTER TEXT SEARCH DICTIONARY", "ALTER TEXT SEARCH PARSER",
    "ALTER TEXT SEARCH TEMPLATE", "ALTER TRIGGER", "ALTER TYPE", "ALTER USER", "ALTER USER MAPPING", "ALTER VIEW",
    "ANALYZE", "BEGIN", "CALL", "CHECKPOINT", "CLOSE", "CLUSTER", "COMMENT", "COMMIT", "COMMIT PREPARED", "COPY",
    "CREATE ACCESS METHOD", "CREATE AGGREGATE", "CREATE CAST", "CREATE COLLATION", "CREATE CONVERSION",
    "CREATE DATABASE", "CREATE DOMAIN", "CREATE EVENT TRIGGER", "CREATE EXTENSION", "CREATE FOREIGN DATA WRAPPER",
    "CREATE FOREIGN TABLE", "CREATE FUNCTION", "CREATE GROUP", "CREATE INDEX", "CREATE LANGUAGE",
    "CREATE MATERIALIZED VIEW", "CREATE OPERATOR", "CREATE OPERATOR CLASS", "CREATE OPERATOR FAMILY", "CREATE POLICY",
    "CREATE PROCEDURE", "CREATE PUBLICATION", "CREATE ROLE", "CREATE RULE", "CREATE SCHEMA", "CREATE SEQUENCE",
    "CREATE SERVER", "CREATE STATISTICS", "CREATE SUBSCRIPTION", "CREATE TABLE", "CREATE TABLE * AS", "CREATE TABLESPACE",
    "CREATE TEXT SEARCH CONFIGURATION", "CREATE TEXT SEARCH DICTIONARY", "CREATE TEXT SEARCH PARSER",
    "CREATE TEXT SEARCH TEMPLATE", "CREATE TRANSFORM", "CREATE TRIGGER", "CREATE TYPE", "CREATE USER",
    "CREATE USER MAPPING", "CREATE VIEW", "DEALLOCATE", "DECLARE", "DELETE", "DISCARD", "DO", "DROP ACCESS METHOD",
    "DROP AGGREGATE", "DROP CAST", "DROP COLLATION", "DROP CONVERSION", "DROP DATABASE", "DROP DOMAIN",
    "DROP EVENT TRIGGER", "DROP EXTENSION", "DROP FOREIGN DATA WRAPPER", "DROP FOREIGN TABLE", "DROP FUNCTION",
    "DROP GROUP", "DROP INDEX", "DROP LANGUAGE", "DROP MATERIALIZED VIEW", "DROP OPERATOR", "DROP OPERATOR CLASS",
    "DROP OPERATOR FAMILY", "DROP OWNED", "DROP POLICY", "DROP PROCEDURE", "DROP PUBLICATION", "DROP ROLE",
    "DROP ROUTINE", "DROP RULE", "DROP SCHEMA", "DROP SEQUENCE", "DROP SERVER", "DROP STATISTICS", "DROP SUBSCRIPTION",
    "DROP TABLE", "DROP TABLESPACE", "DROP TEXT SEARCH CONFIGURATION", "DROP TEXT SEARCH DICTIONARY",
    "DROP TEXT SEARCH PARSER", "DROP TEXT SEARCH TEMPLATE", "DROP TRANSFORM", "DROP TRIGGER", "DROP TYPE", "DROP USER",
    "DROP USER MAPPING", "DROP VIEW", "END", "EXECUTE", "EXPLAIN", "FETCH", "GRANT", "IMPORT FOREIGN SCHEMA", "INSERT",
    "LISTEN", "LOAD", "LOCK", "MERGE", "MOVE", "NOTIFY", "PREPARE", "PREPARE TRANSACTION", "REASSIGN OWNED",
    "REFRESH MATERIALIZED VIEW", "REINDEX", "RELEASE SAVEPOINT", "RESET", "REVOKE", "ROLLBACK", "ROLLBACK PREPARED",
    "ROLLBACK TO SAVEPOINT", "SAVEPOINT", "SECURITY LABEL", "SELECT", "SELECT * INTO", "SET", "SET CONSTRAINTS",
    "SET ROLE", "SET SESSION AUTHORIZATION", "SET TRANSACTION", "SHOW", "START TRANSACTION", "TRUNCATE", "UNLISTEN",
    "UPDATE", "VACUUM", "VALUES"};

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

bool is_at_word_end(const std::string& text, std::size_t at) {
  return at >= text.size() || (std::isalnum(static_cast<unsigned char>(text[at])) == 0 && text[at] != '_');
}

bool is_command(const std::string& sql, const std::string& command) {
  const std::size_t star = command.find('*');
  if (star == std::string::npos) return sql.starts_with(command) && is_at_word_end(sql, command.size());
  const std::string last = command.substr(star + 1) + " ";  // with the blanks around it
  return sql.starts_with(command.substr(0, star)) && sql.find(last, star) != std::string::npos;
}

}  // namespace

TEST_CASE("every command of PostgreSQL 15 has a line in the routing scripts and a row of its own kind or a shared one") {
  const auto cases = read_routing_scripts();
  for (const char* command : kCommands) {
    CAPTURE(command);
    const auto line = std::find_if(cases.begin(), cases.end(), [&](const RoutingCase& one) {
      return is_command(upper(one.sql), command) &&
             classify(one.sql, one.options).kind != StatementKind::unknown;
    });
    CHECK(line != cases.end());
  }
}

TEST_CASE("the routing scripts hold at least 600 different cases") {
  std::set<std::string> different;
  const std::string folder = TEST_SOURCE_DIR "/scripts/routing";
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    if (file.path().filename() == "README.txt") continue;
    std::ifstream in(file.path());
    for (std::string line; std::getline(in, line);)
      if (line.find(" => ") != std::string::npos && !line.starts_with('#')) different.insert(line.substr(0, line.rfind(" => ")));
  }
  CHECK(different.size() >= 600);
}
