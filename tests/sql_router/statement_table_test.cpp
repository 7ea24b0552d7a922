#include "sql_router/statement_table.hpp"

#include <catch2/catch.hpp>

#include <fstream>
#include <sstream>
#include <string>

#include "sql_router/decision_table.hpp"
#include "sql_router/verdict.hpp"

using namespace howdah;

namespace {

// Between these lines sql_router/README.md holds what the tables say.
constexpr std::string_view kBegin = "<!-- written from statement_table.cpp; a test compares -->\n";
constexpr std::string_view kEnd = "<!-- end -->\n";

std::string file_text(const char* path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("the README's decision table is the statement table") {
  const std::string readme = file_text(PROJECT_DIR "/sql_router/README.md");
  const auto begin = readme.find(kBegin);
  const auto end = readme.find(kEnd);
  REQUIRE(begin != std::string::npos);
  REQUIRE(end != std::string::npos);
  const std::size_t first = begin + kBegin.size();
  CHECK(readme.substr(first, end - first) == decision_table());
}

TEST_CASE("only commands that stay off the replicas count as writes") {
  for (const StatementRow& row : statement_table()) {
    CAPTURE(row.name);
    CHECK_FALSE(row.commands.empty());
    if (row.writes) CHECK(row.route == RouteClass::primary);
  }
}

TEST_CASE("every reason has a sentence for the operator") {
  for (const ReasonRow& row : reason_table()) {
    CAPTURE(row.name);
    CHECK_FALSE(row.name.empty());
    CHECK(row.sentence.size() > 10);
  }
}
