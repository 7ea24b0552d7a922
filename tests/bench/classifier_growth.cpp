// Classifies one text of a hostile shape, for growth.py to count the instructions of: `growth_classifier` lists the shapes,
// `growth_classifier SHAPE BYTES` runs one, of about that many bytes.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "sql_router/parse_cache.hpp"

using namespace howdah;

namespace {

struct Shape {
  std::string_view name;
  std::string_view begin;
  std::string_view repeated;
  std::string_view middle;
  std::string_view closing;  // as often as `repeated`
};

constexpr Shape kShapes[] = {
    {"brackets", "SELECT ", "(", "1", ")"},
    {"sums", "SELECT 1", "+1", "", ""},
    {"negations", "SELECT ", "NOT ", "true", ""},
    {"subqueries", "SELECT ", "(SELECT ", "1", ")"},
    {"calls", "SELECT ", "f(", "1", ")"},
    {"casts", "SELECT 1", "::int", "", ""},
    {"cases", "SELECT ", "CASE WHEN a THEN ", "1", " END"},
    {"ands", "SELECT 1 WHERE a", " AND a", "", ""},
    {"unions", "SELECT 1", " UNION SELECT 1", "", ""},
    {"joins", "SELECT 1 FROM t", " JOIN t USING (a)", "", ""},
    {"tables", "SELECT 1 FROM t", ", tttttttt", "", ""},
    {"columns", "SELECT a", ",a.b", "", ""},
    {"parameters", "SELECT $1", ",$1", "", ""},
    {"numbers", "SELECT 1 WHERE a IN (1", ",1", ")", ""},
    {"rows", "INSERT INTO t VALUES (1)", ",(1)", "", ""},
    {"literal", "SELECT '", "x", "'", ""},
    {"doubled quotes", "SELECT '", "''", "'", ""},
    {"name", "SELECT \"", "x", "\"", ""},
    {"comments", "SELECT 1 ", "/**/", "", ""},
    {"nested comments", "SELECT 1 ", "/* ", "", "*/"},
    {"broken comments", "SELECT 1 WITH /**/ ORDINALITY", " /* x */", "", ""},
    {"line comments", "SELECT 1 ", "--\n", "", ""},
    {"operators", "SELECT 1 ", "+", " 1", ""},
    {"dollar quotes", "SELECT ", "$a$", "", ""},
    {"open quotes", "SELECT ", "$", "", ""},
    {"statements", "SELECT 1", ";SELECT 1", "", ""},
    {"settings", "SET a.b = 1", ";SET a.b = 1", "", ""},
    {"hints", "", "/*howdah: x*/", "SELECT 1", ""},
    {"route of route", "", "EXPLAIN ROUTE ", "SELECT 1", ""},
    {"words", "", "a ", "", ""},
    {"blanks", "SELECT", " ", "1", ""},
    {"bytes", "", "\xff", "", ""},
    {"common tables", "WITH a AS (SELECT 1)", ", a AS (SELECT 1)", " SELECT 1 FROM a", ""},
    {"do", "DO $$ BEGIN", " PERFORM f(1);", " END $$", ""},
};

std::string text_of(const Shape& shape, std::size_t bytes) {
  const std::size_t count = bytes / (shape.repeated.size() + shape.closing.size());
  std::string text(shape.begin);
  for (std::size_t i = 0; i < count; ++i) text += shape.repeated;
  text += shape.middle;
  for (std::size_t i = 0; i < count; ++i) text += shape.closing;
  return text;
}

}  // namespace

int main(int argc, char** argv) {
  for (const Shape& shape : kShapes) {
    if (argc == 1) std::printf("%.*s\n", static_cast<int>(shape.name.size()), shape.name.data());
    if (argc != 3 || shape.name != argv[1]) continue;
    ParseCache cache(std::make_shared<const RoutingOptions>(), 1 << 20);
    const std::string text = text_of(shape, std::strtoul(argv[2], nullptr, 10));
    return cache.find_or_classify(text) == nullptr;
  }
  return argc == 1 ? 0 : 2;
}
