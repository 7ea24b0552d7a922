#include "gateway/wire/parameter_status.hpp"

#include <catch2/catch.hpp>

using namespace howdah::wire;

TEST_CASE("setting a parameter says whether it changed") {
  ParameterSet set;
  CHECK(set.set("TimeZone", "UTC"));
  CHECK_FALSE(set.set("TimeZone", "UTC"));
  CHECK(set.set("TimeZone", "CET"));
  CHECK(*set.find("TimeZone") == "CET");
  CHECK(set.find("timezone") == nullptr);
  CHECK(set.size() == 1);
}

TEST_CASE("the differences are what the other side must be told") {
  ParameterSet current;
  ParameterSet wanted;
  for (const char* name : {"b", "a", "same"}) wanted.set(name, "new");
  current.set("same", "new");
  current.set("b", "old");
  current.set("only here", "x");
  const auto found = differences(current, wanted);
  REQUIRE(found.size() == 2);
  CHECK(found[0]->first == "a");
  CHECK(found[1]->first == "b");
  CHECK(differences(wanted, wanted).empty());
}

TEST_CASE("the order of reports does not matter") {
  ParameterSet one;
  ParameterSet other;
  one.set("a", "1");
  one.set("b", "2");
  other.set("b", "2");
  other.set("a", "1");
  CHECK(one == other);
  std::string out;
  append_parameters(out, one);
  CHECK(out == std::string("S\0\0\0\x08"
                           "a\0"
                           "1\0S\0\0\0\x08"
                           "b\0"
                           "2\0",
                           18));
}
