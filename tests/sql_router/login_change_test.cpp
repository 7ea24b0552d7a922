#include "sql_router/login_change.hpp"

#include <catch2/catch.hpp>

#include "sql_router/classifier.hpp"

using namespace howdah;

TEST_CASE("whose logins a text changes is told by the text") {
  using Changes = std::vector<LoginChange>;
  struct Row {
    const char* sql;
    Changes changes;
  };
  const std::vector<Row> rows{
      {"ALTER ROLE ann SET work_mem = '1MB'", {{"ann", ""}}},
      {"alter user \"Ann\" in database shop reset all", {{"Ann", "shop"}}},
      {"ALTER ROLE ALL IN DATABASE shop SET search_path = a, b", {{"", "shop"}}},
      {"ALTER ROLE CURRENT_USER SET work_mem = '1MB'", {{"", ""}}},
      {"ALTER ROLE \"all\" NOLOGIN", {{"all", ""}}},
      {"ALTER ROLE ann RENAME TO bob", {{"ann", ""}}},
      {"ALTER ROLE ann PASSWORD 'x'", {{"ann", ""}}},
      {"ALTER GROUP staff ADD USER ann", {{"staff", ""}}},
      {"ALTER DATABASE shop SET statement_timeout = 5", {{"", "shop"}}},
      {"ALTER DATABASE shop RESET ALL", {{"", "shop"}}},
      {"ALTER DATABASE shop OWNER TO ann", {}},
      {"DROP ROLE ann", {{"ann", ""}}},
      {"/* both */ drop user if exists ann, bob", {{"ann", ""}, {"bob", ""}}},
      {"REVOKE CONNECT, TEMP ON DATABASE shop, store FROM PUBLIC", {{"", "shop"}, {"", "store"}}},
      {"BEGIN; ALTER ROLE ann LOGIN; DROP ROLE bob; COMMIT", {{"ann", ""}, {"bob", ""}}},
      {"CREATE ROLE ann", {}},
      {"REVOKE SELECT ON t FROM ann", {}},
      {"ALTER USER MAPPING FOR ann SERVER s OPTIONS (SET user 'x')", {}},
      {"DROP USER MAPPING FOR ann SERVER s", {}},
      {"ALTER TABLE role SET SCHEMA x", {}},
      {"DO $$ BEGIN ALTER ROLE ann LOGIN; END $$", {}},
      {"ALTER ROLE", {{"", ""}}},
      {"ALTER", {}},
      {"", {}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.sql);
    CHECK(login_changes_of(row.sql) == row.changes);
    const Traits traits = classify(row.sql, RoutingOptions{});
    const bool is_one = traits.parse == ParseOutcome::parsed && traits.statement_count == 1;
    if (is_one && !row.changes.empty()) CHECK(traits.row().may_change_logins);
  }
}

TEST_CASE("a change concerns the role's connections to the database") {
  CHECK(LoginChange{}.concerns("ann", "shop"));
  CHECK(LoginChange{"ann", ""}.concerns("ann", "shop"));
  CHECK_FALSE(LoginChange{"ann", ""}.concerns("bob", "shop"));
  CHECK(LoginChange{"ann", "shop"}.concerns("ann", "shop"));
  CHECK_FALSE(LoginChange{"ann", "shop"}.concerns("ann", "store"));
}
