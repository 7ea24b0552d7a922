// Several gateways before the same servers: what they tell one another (in etcd), and who may act. Rules without memory;
// failover/council keeps what was read and failover/io/etcd_link reads it.
//
// The idea: who promotes has first made sure that nobody else can still write to the old primary. A gateway that is
// heard says itself that it has stopped; one that is not heard stops by itself before its lease ends, unless a majority
// of the standbys streams from its primary, and whoever promotes must reach at least half of them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.hpp"
#include "base/instant.hpp"
#include "failover/fork.hpp"
#include "health/role_detector.hpp"
#include "health/tracker.hpp"

namespace howdah::failover {

// A gateway among the others. The instance differs for each start, so that two of one name are told apart.
struct GatewayId {
  std::string name = {};
  std::uint64_t instance = 0;
  friend bool operator==(const GatewayId&, const GatewayId&) = default;
};

// What a gateway does with its primary.
enum class Stance {
  writes,  // statements go to it
  drains,  // a switchover: nothing new is begun, but what was sent before may not have reached the server
  quiet,   // a switchover: only transactions go on that the server counts
  waits,   // nothing is sent to it: another gateway acts, or it is not certain who is primary
  down,    // it is judged dead, and nothing is sent to it
};

bool may_write(Stance stance);

// Under a lease: gone soon after the gateway is.
struct Vote {
  GatewayId gateway = {};
  std::optional<NodeId> primary = {};
  Stance stance = Stance::waits;
  std::string servers = {};  // which number is which server: the same at all gateways (servers_of)
  friend bool operator==(const Vote&, const Vote&) = default;
};

enum class LockPurpose { failover, switchover };

// Who acts. Under a lease, for the time of one failover or switchover only.
struct LockRow {
  GatewayId gateway = {};
  LockPurpose purpose = LockPurpose::failover;
  NodeId primary = {};        // the one that is to be replaced
  std::int64_t revision = 0;  // etcd's, of its making
};

// Who is primary, by agreement. Claimed before the promotion, so that two promotions cannot both happen.
struct OfficeRow {
  Epoch epoch = {};
  NodeId node = {};
  TimelineId timeline = {};
  GatewayId claimed_by = {};
  std::int64_t revision = 0;  // etcd's, of its last change; 0: there is none yet
  Fork fork = {};             // told after the promotion, so that every gateway can look up commits in doubt
};

// Everything, as read at one moment.
struct Assembly {
  std::vector<Vote> votes = {};  // of the gateways that are alive
  std::optional<LockRow> lock = {};
  std::optional<OfficeRow> office = {};
};

// By backend_application_nameN where it is set, else by address, which gateways may write differently.
std::string servers_of(const std::vector<health::NodeFacts>& nodes);

// Nothing if `self` may take the lock (or has it): a majority of the living gateways holds `primary` for dead, and
// nobody else acts.
std::optional<std::string> object_to_lock(const Assembly& assembly, const GatewayId& self, NodeId primary);
// Nothing if no living gateway but `self` may still write to `primary`; for a switchover, if none begins a transaction or has
// sent what the server may not have begun.
std::optional<std::string> object_to_writers(const Assembly& assembly, const GatewayId& self, NodeId primary, LockPurpose purpose);

bool has_lock(const Assembly& assembly, const GatewayId& self);
bool is_locked_by_other(const Assembly& assembly, const GatewayId& self);
// Who does what only one should (pointing standbys, fencing, commands): who acts, or else the first by name.
bool is_steward(const Assembly& assembly, const GatewayId& self);
// Of those who say that `primary` is down the first by name: the one that makes the standbys ping it.
bool is_first_witness(const Assembly& assembly, const GatewayId& self, NodeId primary);

// All standbys that are configured and not detached count.
bool has_most_standbys_streaming(const std::vector<health::NodeFacts>& nodes, const health::KnownPrimary& known);
bool has_half_of_standbys_answering(const std::vector<health::NodeFacts>& nodes, const health::KnownPrimary& known);

}  // namespace howdah::failover
