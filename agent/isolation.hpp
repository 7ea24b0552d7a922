// Stops a primary that is cut off. Gateways that hold it in office say so again and again (command `lease`); when none
// has for the limit, others may have promoted a standby, and whoever still writes here writes what will be lost. Time
// counts only while the server is a primary: a standby needs no lease.
#pragma once

#include <optional>

#include "agent/server_facts.hpp"
#include "base/instant.hpp"

namespace howdah::agent {

class Isolation {
 public:
  explicit Isolation(Duration limit) : limit_(limit) {}  // 0: never stops anything

  bool is_on() const { return limit_ > Duration{}; }
  void hear(bool is_in_office, Instant now) {
    if (is_in_office) alive_at_ = now;
  }
  // What the server is now. True: stop it.
  bool must_stop(ServerState state, Instant now);

 private:
  Duration limit_;
  std::optional<Instant> alive_at_ = {};  // the last word, or since when it is a primary
};

}  // namespace howdah::agent
