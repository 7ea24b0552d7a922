// Who is the primary, from what the nodes say of themselves and what Howdah already knew. A rule without memory: the
// coordinator keeps what is known and acts on the verdict. PostgreSQL gives a promoted server a higher timeline (manual,
// "Timelines"), so of two primaries the one on the higher timeline is the newer; on equal timelines only knowledge
// can tell, and without it nobody is trusted.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "health/tracker.hpp"

namespace howdah::health {

struct KnownPrimary {
  std::optional<NodeId> node = {};
  TimelineId timeline = {};
  std::uint64_t system_identifier = 0;  // 0: not known yet
  bool is_given_up = false;             // a successor is being made or looked for: a higher timeline wins
  std::optional<NodeId> successor = {};  // told to promote: its claim counts before any other
  std::vector<NodeId> outcasts = {};    // became primary beside a living one: never taken for a successor by themselves
};

struct RolePolicy {
  bool is_promoted_elsewhere = false;        // others promote: a higher timeline beside the known one may be their choice
  bool may_standbys_decide = false;          // detach_false_primary: of two, the one that no standby follows is false
  std::optional<NodeId> named = {};          // by whoever decides (Patroni, the gateways together): the primary, once it says so itself
  bool is_named_only = false;                // ... and nobody else becomes it
};

struct Misfit {
  NodeId node;
  std::string reason;
  bool is_claimant = false;     // believes to be a primary of this system
  bool is_left_behind = false;  // ... and is certainly none: writes on it are to be made impossible
};

struct RoleVerdict {
  std::optional<NodeId> primary = {};
  std::vector<Misfit> misfits = {};  // answer, but must not be used
  std::string alarm = {};            // an operator must decide; empty: nothing of the kind
  bool is_contested = false;         // `primary` may be the wrong one: nobody is written to
};

RoleVerdict detect_roles(const std::vector<NodeFacts>& nodes, const KnownPrimary& known, const RolePolicy& policy = {});

// A fenced node may be used again: it is a standby of this system on a timeline that is not ahead of the primary's.
bool is_fitting_standby(const NodeFacts& node, const KnownPrimary& known);

}  // namespace howdah::health
