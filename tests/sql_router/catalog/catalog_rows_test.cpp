#include "sql_router/catalog/catalog_rows.hpp"

#include <catch2/catch.hpp>

using namespace howdah;

TEST_CASE("rows of the catalog become functions and relations") {
  const CatalogAnswer answer{
      {"f", "public", "f", "s", "sql", "SELECT 1", "nextval('s')", "16500"},
      {"f", "app", "g", "v", "c", std::nullopt, std::nullopt, "16501"},
      {"r", "public", "v", "v", "p", " SELECT 1;", std::nullopt, "16502"},
      {"r", "public", "part", "r", "u", std::nullopt, "16502 4294967295", "16503"},
  };
  const auto rows = parse_catalog(answer);
  REQUIRE_FALSE(rows.has_error());
  REQUIRE(rows->functions.size() == 2);
  REQUIRE(rows->relations.size() == 2);
  CHECK(rows->functions[0].name == ObjectName{"public", "f"});
  CHECK(rows->functions[0].volatility == 's');
  CHECK(rows->functions[0].body == "SELECT 1");
  CHECK(rows->functions[0].defaults == "nextval('s')");
  CHECK(rows->functions[1].language == "c");
  CHECK(rows->functions[1].body.empty());
  CHECK(rows->relations[0].kind == 'v');
  CHECK(rows->relations[0].definition == " SELECT 1;");
  CHECK(rows->relations[1].persistence == 'u');
  CHECK(rows->relations[1].oid == 16503);
  CHECK(rows->relations[1].parents == std::vector<std::uint32_t>{16502, 4294967295});
}

TEST_CASE("an answer of another form is refused") { CHECK(parse_catalog({{"f", "public"}}).has_error()); }

TEST_CASE("servers before 14 are not asked for bodies they do not have") {
  CHECK(catalog_query(130010).find("pg_get_function_sqlbody") == std::string::npos);
  CHECK(catalog_query(140000).find("pg_get_function_sqlbody") != std::string::npos);
}
