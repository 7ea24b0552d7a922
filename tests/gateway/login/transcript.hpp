// Plays a login as a script: give these bytes, expect those. Every script is played whole and one byte at a time.
#pragma once

#include "gateway/login/client_login.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace howdah::test {

// The bytes of what `append` appends.
template <typename Append>
std::string made(Append append) {
  std::string out;
  append(out);
  return out;
}

struct Turn {
  std::string give;    // from the peer
  std::string expect;  // our answer
};

// Gives one turn, cut into chunks. The answer is what was appended until the procedure came to an end or the bytes did.
template <typename Procedure>
auto give(Procedure& procedure, std::string_view bytes, std::size_t chunk_size, std::string& out, std::string& left) {
  decltype(procedure.step(std::declval<Bytes&>(), out)) step{login::LoginPending{}};
  for (std::size_t at = 0; at < bytes.size(); at += chunk_size) {
    const std::string copy(bytes.substr(at, chunk_size));  // must not be needed after its turn
    Bytes input = as_bytes(copy);
    step = procedure.step(input, out);
    if (std::holds_alternative<login::LoginPending>(step)) {
      CHECK(input.empty());
      continue;
    }
    left = std::string(as_text(input)).append(bytes.substr(std::min(bytes.size(), at + chunk_size)));
    return step;
  }
  return step;
}

// Plays all turns on a started procedure and returns how it ended.
template <typename Procedure>
auto play(Procedure& procedure, const std::vector<Turn>& turns, std::size_t chunk_size, std::string* left = nullptr) {
  std::string unread;
  decltype(give(procedure, {}, 1, unread, unread)) step{login::LoginPending{}};
  for (std::size_t i = 0; i < turns.size(); ++i) {
    CAPTURE(i, chunk_size);
    REQUIRE(std::holds_alternative<login::LoginPending>(step));
    std::string out;
    step = give(procedure, turns[i].give, chunk_size, out, unread);
    CHECK(out == turns[i].expect);
  }
  if (left != nullptr) *left = unread;
  return step;
}

inline const std::size_t kChunkSizes[] = {1, 2, 7, 1 << 20};

}  // namespace howdah::test
