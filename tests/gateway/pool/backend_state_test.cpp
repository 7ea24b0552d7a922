#include "gateway/pool/backend_state.hpp"

#include <catch2/catch.hpp>

#include <fstream>
#include <set>
#include <sstream>

using namespace howdah;

TEST_CASE("the README of the pool shows the states and transitions of the program") {
  std::ifstream file(PROJECT_DIR "/gateway/pool/README.md");
  std::stringstream text;
  text << file.rdbuf();
  INFO(backend_state_tables());
  CHECK(text.str().find(backend_state_tables()) != std::string::npos);
}

TEST_CASE("every state of a server connection can be reached and left") {
  std::set<BackendState> reached{BackendState::connecting}, left{BackendState::gone};
  for (const BackendTransition& row : kBackendTransitions) {
    reached.insert(row.to);
    left.insert(row.from);
    CHECK(row.from != BackendState::gone);
  }
  CHECK(reached.size() == kBackendStateCount);
  CHECK(left.size() == kBackendStateCount);
}

TEST_CASE("a connection is lent only when idle") {
  for (const BackendStateRow& row : kBackendStates) {
    CAPTURE(row.name);
    CHECK(is_legal(row.state, BackendState::leased) == (row.state == BackendState::idle));
  }
}
