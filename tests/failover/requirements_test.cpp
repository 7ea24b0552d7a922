#include "failover/requirements.hpp"

#include <catch2/catch.hpp>

using namespace howdah;
using namespace howdah::failover;

TEST_CASE("what a server lacks is named with the SQL that mends it") {
  std::vector<std::optional<std::string>> row{"howdah", "0"};
  for (const Requirement& requirement : requirements()) row.emplace_back(requirement.from_version > 150000 ? std::nullopt : std::optional<std::string>("1"));
  CHECK(find_shortcomings(row).empty());
  row[3] = "0";
  const auto found = find_shortcomings(row);
  REQUIRE(found.size() == 1);
  CHECK(found[0].mend == "GRANT pg_monitor TO howdah");
}

TEST_CASE("every requirement says what goes wrong and names something to run") {
  for (const Requirement& requirement : requirements()) {
    CAPTURE(requirement.holds);
    CHECK_FALSE(requirement.without_it.empty());
    const bool is_runnable = requirement.mend.starts_with("GRANT ") || requirement.mend.starts_with("ALTER ") || requirement.mend.starts_with("-- ");
    CHECK(is_runnable);
  }
}

TEST_CASE("a server is asked only what its version knows") {
  CHECK(sql_requirements(140000).find("has_parameter_privilege") == std::string::npos);
  CHECK(sql_requirements(150000).find("has_parameter_privilege") != std::string::npos);
  CHECK(sql_requirements(150000).find("allow_alter_system") == std::string::npos);
  CHECK(sql_requirements(150000).find("pg_use_reserved_connections") == std::string::npos);
  CHECK(sql_requirements(160000).find("pg_use_reserved_connections") != std::string::npos);
}
