#include "failover/phase.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>

#include "failover/statements.hpp"

using namespace howdah;

TEST_CASE("the README shows the phase tables as they are") {
  std::ifstream file(PROJECT_DIR "/failover/README.md");
  const std::string readme{std::istreambuf_iterator<char>(file), {}};
  CAPTURE(failover::render_phase_tables());
  CHECK(readme.find(failover::render_phase_tables()) != std::string::npos);
}

TEST_CASE("values in statements are literals") {
  CHECK(failover::sql_set_source("user='x'")[0] == "ALTER SYSTEM SET primary_conninfo = 'user=''x'''");
  CHECK(failover::sql_create_slot("a'b")[0].find("'a''b'") != std::string::npos);
}
