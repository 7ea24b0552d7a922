#include "sql_router/database_to_free.hpp"

#include <catch2/catch.hpp>

using namespace howdah;

TEST_CASE("the database that must be left alone is told from the text") {
  struct Row {
    const char* sql;
    std::optional<std::string> name;
  };
  const auto row = GENERATE(values<Row>({
      {"DROP DATABASE shop", "shop"},
      {"drop /* now */ database if exists \"My \"\"Shop\"\"\" with (force)", "My \"Shop\""},
      {"ALTER DATABASE shop RENAME TO store", "shop"},
      {"ALTER DATABASE shop SET work_mem = '1MB'", std::nullopt},
      {"ALTER TABLE shop RENAME TO store", std::nullopt},
      {"CREATE DATABASE copy TEMPLATE shop", "shop"},
      {"CREATE DATABASE copy OWNER ann TEMPLATE = 'shop'", std::nullopt},
      {"CREATE DATABASE copy WITH TEMPLATE = \"Shop\"", "Shop"},
      {"CREATE DATABASE copy", "template1"},
      {"DROP TABLE shop", std::nullopt},
      {"DROP DATABASE", std::nullopt},
      {"", std::nullopt},
  }));
  CAPTURE(row.sql);
  CHECK(database_to_free(row.sql) == row.name);
}
