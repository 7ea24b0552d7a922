// What forbids a promotion. Rules without memory; each returns the objection in words, for operators will ask.
// The standbys are asked: whoever still hears the primary is proof that it lives, only not within Howdah's reach.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "failover/sources.hpp"
#include "health/role_detector.hpp"
#include "health/tracker.hpp"

namespace howdah::failover {

struct GuardOptions {
  Instant asked_after = {};      // answers older than this do not count: when the primary fell silent
  Duration patience = 10s;       // a node in trouble for longer is not waited for
  bool is_left_alive = false;    // the primary is to be left although it lives: who hears it does not object
  // Of those before asked_after nothing is concluded: somebody else may have put back what makes the receiver ping.
  std::function<std::optional<Ping>(NodeId)> ping_of = [](NodeId) { return std::nullopt; };
};

// Is the standby's WAL receiver connected to the primary, and may it hear it? A connected receiver counts as hearing
// until it was made to ping and heard nothing.
bool hears_primary(const health::NodeFacts& standby, const std::vector<health::NodeFacts>& nodes,
                   const health::KnownPrimary& known, const GuardOptions& options);

// Nothing if a promotion is allowed: every standby has answered since or is dead, none hears the primary, and one
// is fit to be elected.
std::optional<std::string> object_to_promotion(const std::vector<health::NodeFacts>& nodes,
                                               const health::KnownPrimary& known, const GuardOptions& options,
                                               Instant now);

}  // namespace howdah::failover
