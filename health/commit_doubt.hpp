// A COMMIT, or a step of a two-phase one, that was sent and whose answer died with the connection. Sessions ask, the control side finds out.
#pragma once

#include <cstdint>

#include "base/ids.hpp"
#include "base/instant.hpp"

namespace howdah {

struct CommitDoubt {
  std::uint64_t xid = 0;  // of the whole transaction, with its epoch (xid8); 0: none
  NodeId node = {};       // whose transaction it was
  Epoch epoch = {};       // in which it was sent
  bool is_prepared = false;  // it was prepared before: its id is on the disk, and no restart hands it out again
  Instant connected_at = {};  // its server was there then,
  Instant asked_at = {};      // and when it was asked for the id: both in one run of it
};

enum class CommitOutcome : std::uint8_t {
  committed,
  not_committed,
  prepared,  // by PREPARE TRANSACTION, and waits for its second phase
  unknown,
};
constexpr const char* to_text(CommitOutcome outcome) {
  return outcome == CommitOutcome::committed       ? "committed"
         : outcome == CommitOutcome::not_committed ? "not committed"
         : outcome == CommitOutcome::prepared      ? "prepared"
                                                   : "unknown";
}

}  // namespace howdah
