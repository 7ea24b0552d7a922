#include "sql_router/parameter_count.hpp"

#include <catch2/catch.hpp>

using namespace howdah;

TEST_CASE("parameters are counted where the server would see them") {
  struct Row {
    const char* text;
    std::size_t count;
  };
  const Row rows[] = {
      {"SELECT 1", 0},
      {"SELECT $1", 1},
      {"SELECT $2, $10, $3", 10},
      {"SELECT '$1', \"$2\", $3", 3},
      {"SELECT $a$ $7 $a$, $$ $8 $$, $1", 1},
      {"SELECT a$5 FROM t", 0},
      {"SELECT $1 -- $9\n, $2 /* $8 */", 2},
      {"SELECT 'it''s $4', $1", 1},
      {"SELECT '$1", 0},
      {"SELECT $", 0},
      {"SELECT $99999999999999999999", 0},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    CHECK(parameter_count(row.text) == row.count);
  }
}
