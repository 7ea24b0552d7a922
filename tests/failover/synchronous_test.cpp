#include "failover/synchronous.hpp"

#include <catch2/catch.hpp>

using namespace howdah;
using namespace howdah::failover;

namespace {

std::string again(std::string_view text) {
  const auto wish = parse_synchronous(text);
  return wish ? to_text(*wish) : "none";
}

}  // namespace

TEST_CASE("every form of synchronous_standby_names is read") {
  CHECK(again("ANY 2 (a, b,c)") == R"(ANY 2 ("a", "b", "c"))");
  CHECK(again("first 1 (a, \"b c\")") == R"(FIRST 1 ("a", "b c"))");
  CHECK(again("2 (a, b)") == R"(FIRST 2 ("a", "b"))");
  CHECK(again("a, b") == R"(FIRST 1 ("a", "b"))");
  CHECK(again("\"a\"\"b\"") == R"(FIRST 1 ("a""b"))");
  CHECK(again("*") == "FIRST 1 (*)");
  for (const char* text : {"", " ", "ANY 0 (a)", "ANY (a)", "ANY 1 a", "2 (a", "a b", "\"a"}) CHECK(again(text) == "none");
}

TEST_CASE("the new primary never waits for itself") {
  const SynchronousWish wish{true, 1, {"n0", "n1", "n2"}};
  using enum SynchronousPolicy;
  CHECK(to_text(adapt(wish, "n1", {}, strict)) == R"(ANY 1 ("n0", "n2"))");
  CHECK(to_text(adapt(wish, "n1", {"n2"}, available)) == R"(ANY 1 ("n2"))");
  CHECK(to_text(adapt(wish, "n1", {}, available)).empty());
  CHECK(to_text(adapt({true, 2, {"n0", "n1", "n2"}}, "n0", {"n1"}, available)) == R"(ANY 1 ("n1"))");
  CHECK(to_text(adapt({false, 1, {"*"}}, "n1", {}, available)).empty());
  CHECK(to_text(adapt({false, 1, {"*"}}, "n1", {"x"}, available)) == "FIRST 1 (*)");
}
