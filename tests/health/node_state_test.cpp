#include "health/node_state.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>

using namespace howdah;
using health::NodeCondition;

TEST_CASE("the README shows the condition tables as they are") {
  std::ifstream file(PROJECT_DIR "/health/README.md");
  const std::string readme{std::istreambuf_iterator<char>(file), {}};
  CAPTURE(health::render_condition_tables());
  CHECK(readme.find(health::render_condition_tables()) != std::string::npos);
}

TEST_CASE("a node taken out by an operator returns only by attach") {
  for (std::size_t i = 0; i < health::kNodeConditions; ++i) {
    const auto to = static_cast<NodeCondition>(i);
    const bool is_attach = to == NodeCondition::waiting || to == NodeCondition::unknown;
    CHECK(health::is_legal(NodeCondition::detached, to) == is_attach);
  }
}
