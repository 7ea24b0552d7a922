#include "gateway/session/session_state.hpp"

#include <catch2/catch.hpp>

#include <fstream>
#include <sstream>

using namespace howdah;

TEST_CASE("the README shows the session's states as they are") {
  std::ifstream in(PROJECT_DIR "/gateway/session/README.md");
  std::stringstream text;
  text << in.rdbuf();
  INFO(render_session_states());
  CHECK(text.str().find(render_session_states()) != std::string::npos);
}

TEST_CASE("a session that is closed stays closed") {
  for (const SessionStateRow& row : kSessionStates) CHECK_FALSE(is_legal(SessionState::closed, row.state));
}
