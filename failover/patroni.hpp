// What Patroni says of its cluster (REST interface: GET /cluster), read and judged. Patroni alone promotes; its leader is
// used once the server itself says that it is no standby, and statements wait while Patroni has no leader: then the
// server of the last one may still answer as a primary, but what it acknowledges may be lost.
//
// Without an answer from any member the servers' own word counts, as with failover_mode = none: with Patroni's
// failsafe mode a cluster works on while its store is away, and where it does not, Patroni stops the primary itself.
// Pure; part of the coordinator.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.hpp"
#include "base/instant.hpp"
#include "base/log.hpp"
#include "base/result.hpp"
#include "health/role_detector.hpp"
#include "health/tracker.hpp"

namespace howdah::failover {

struct PatroniMember {
  std::string name = {};
  std::string role = {};  // leader, standby_leader, replica, sync_standby ...
  std::string state = {};
  std::string host = {};  // as its PostgreSQL is reached; empty: it has not told yet
  std::uint16_t port = 0;
  std::optional<TimelineId> timeline = {};
  std::string api_url = {};  // where its Patroni is asked

  bool is_leader() const { return role == "leader" || role == "standby_leader" || role == "master" || role == "primary"; }
};

struct PatroniCluster {
  std::vector<PatroniMember> members = {};
  bool is_paused = false;

  const PatroniMember* leader() const;
};

// The body of GET /cluster, from any version of Patroni.
Result<PatroniCluster> parse_patroni_cluster(std::string_view json);
// The body of POST /switchover.
std::string to_switchover_request(std::string_view leader, std::string_view candidate);

// The member that is the node: by the address of its PostgreSQL, or by backend_application_nameN, which Patroni makes the
// member's name.
const PatroniMember* find_member(const PatroniCluster& cluster, const health::NodeOptions& node);

// One round of asking; without a cluster nobody could tell, and `error` says why.
struct PatroniAnswered {
  std::optional<PatroniCluster> cluster = {};
  std::string error = {};
  bool is_leader_mute = false;  // the leader's own Patroni does not answer: its leadership may be about to end
  Instant asked_at = {};
};

// The newest answer and what it means.
class PatroniWord {
 public:
  explicit PatroniWord(Log& log) : log_(log) {}

  void on(const PatroniAnswered& answer, const std::vector<health::NodeFacts>& nodes);
  bool has_spoken() const { return has_spoken_; }  // also when nobody could tell
  const std::optional<PatroniCluster>& cluster() const { return cluster_; }
  std::optional<NodeId> leader() const { return leader_; }  // if it is one of our nodes

  // Says that the node is not the leader, or that there is none: nothing is written to it.
  bool denies(NodeId node) const { return cluster_ && leader_ != node; }
  std::string why_denied(NodeId node) const { return denies(node) ? "Patroni says: " + describe() : std::string(); }
  bool is_leader_mute() const { return is_leader_mute_; }
  void shape(health::RolePolicy& policy) const;

 private:
  std::string describe() const;

  Log& log_;
  bool has_spoken_ = false;
  bool is_leader_mute_ = false;
  std::optional<PatroniCluster> cluster_;
  std::optional<NodeId> leader_;
  std::string told_;  // last in the log
};

}  // namespace howdah::failover
